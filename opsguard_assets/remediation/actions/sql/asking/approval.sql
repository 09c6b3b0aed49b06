-- Returns what an approval is about: its execution, and how urgent its alert is.
SELECT a.execution_id, a.step, e.playbook, COALESCE(p.priority, 0) AS priority
FROM approvals AS a
JOIN executions AS e USING (execution_id)
LEFT JOIN alert_priorities AS p USING (alert_id)
WHERE a.approval_id = :number
