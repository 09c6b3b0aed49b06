-- Returns the approvals of executions, the oldest first.
SELECT
    approval_id, execution_id, phase, step, action_digest, plan, team, needed, requester, requester_may_approve,
    asked_at, expires_at, decision, decided_at, decided_by, reason
FROM approvals
WHERE execution_id = ANY (:execution_ids)
ORDER BY approval_id
