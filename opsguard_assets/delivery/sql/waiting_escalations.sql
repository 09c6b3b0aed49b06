-- Returns what people are to be told of escalations and nobody decided on yet, the oldest first.
SELECT n.escalation_id, n.person_id, n.role, n.created_at, e.to_priority
FROM escalation_notices AS n
JOIN escalations AS e USING (escalation_id)
WHERE n.decided_at IS NULL
ORDER BY n.created_at, n.escalation_id, n.person_id
LIMIT 1000
FOR UPDATE OF n SKIP LOCKED
