-- Returns executions of playbooks, with the approval that each asked for.
SELECT e.execution_id, e.entity_id, e.state, e.mode, a.approval_id, a.decision
FROM executions AS e LEFT JOIN approvals AS a USING (execution_id) ORDER BY e.execution_id
