-- Returns who has a message about an incident, or is being handed one.
SELECT DISTINCT n.channel, n.address, n.audience, n.person_id
FROM notices AS n
JOIN effects AS e USING (effect_id)
WHERE n.incident_id = :incident_id AND n.kind = 'raised' AND e.state IN ('done', 'sending', 'unknown')
