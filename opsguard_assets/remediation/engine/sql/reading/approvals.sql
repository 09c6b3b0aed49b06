-- Returns the approvals of an execution, the oldest first.
SELECT
    approval_id, execution_id, phase, step, action_digest, plan, team, needed, requester, requester_may_approve,
    asked_at, expires_at, decision, decided_at, decided_by, reason
FROM approvals
WHERE execution_id = :execution_id
ORDER BY approval_id
