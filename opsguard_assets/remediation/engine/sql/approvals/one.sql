-- Returns an approval with its execution's playbook.
SELECT
    a.approval_id, a.execution_id, a.phase, a.step, a.action_digest, a.plan, a.team, a.needed, a.requester,
    a.requester_may_approve, a.asked_at, a.expires_at, a.decision, a.decided_at, a.decided_by, a.reason
FROM approvals AS a
WHERE a.approval_id = :approval_id
