-- Returns what waits for a digest that is due, and whether it is still worth telling.
SELECT
    n.notice_id, n.channel, n.address, n.person_id, n.audience, i.incident_id, i.state, i.priority,
    i.severity = 'critical' OR i.is_life_safety AS is_critical
FROM notices AS n
JOIN incidents AS i USING (incident_id)
WHERE n.decision = 'digest' AND n.in_digest IS NULL AND n.due_at <= :now
ORDER BY n.notice_id
