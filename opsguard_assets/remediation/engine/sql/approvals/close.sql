-- Ends an approval on which nobody decided: its time is over, or its execution has ended.
UPDATE approvals SET decision = :decision, decided_at = :at, decided_by = :by, reason = :reason
WHERE approval_id = :approval_id AND decision IS NULL
RETURNING approval_id
