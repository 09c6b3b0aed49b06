-- Returns an escalation with what one person is told of it.
SELECT e.*, n.message, n.role, n.person_id
FROM escalations AS e
JOIN escalation_notices AS n USING (escalation_id)
WHERE e.escalation_id = :escalation_id AND n.person_id = :person_id
