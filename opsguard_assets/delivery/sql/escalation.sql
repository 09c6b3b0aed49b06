-- Returns escalations with what one person is told of each.
SELECT e.*, n.message, n.role, n.person_id
FROM escalations AS e
JOIN escalation_notices AS n USING (escalation_id)
WHERE e.escalation_id = ANY (:escalation_ids) AND n.person_id = :person_id
ORDER BY e.escalation_id
