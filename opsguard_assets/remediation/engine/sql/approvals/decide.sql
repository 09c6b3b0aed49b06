-- Decides, once: whatever comes later meets a decision and changes nothing, and nothing is approved after its time.
UPDATE approvals SET decision = :decision, decided_at = :at, decided_by = :by, reason = :reason
WHERE approval_id = :approval_id AND decision IS NULL AND expires_at > :at
RETURNING approval_id
