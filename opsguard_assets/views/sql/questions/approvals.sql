-- Returns approvals by number with their executions and what their playbook is called.
SELECT
    a.approval_id, a.execution_id, a.phase, a.step, a.plan, a.team, a.needed, a.requester, a.requester_may_approve,
    a.asked_at, a.expires_at, a.decision, a.decided_at, a.decided_by, a.reason,
    e.playbook, e.alert_id, e.mode, e.state AS execution_state, e.ended_at, v.content ->> 'title' AS title
FROM approvals AS a
JOIN executions AS e USING (execution_id)
JOIN playbook_versions AS v ON v.playbook = e.playbook AND v.digest = e.digest
WHERE a.approval_id = ANY (:numbers)
ORDER BY a.approval_id
