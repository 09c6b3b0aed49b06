-- Returns what the offer of a shift is about: its execution, and how urgent its alert is.
SELECT o.execution_id, o.step, e.playbook, COALESCE(p.priority, 0) AS priority
FROM shift_offers AS o
JOIN executions AS e USING (execution_id)
LEFT JOIN alert_priorities AS p USING (alert_id)
WHERE o.offer_id = :number
