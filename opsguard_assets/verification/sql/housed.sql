-- Returns the alerts about some entities, with the incident that each belongs to and its priority.
SELECT a.entity_id, a.alert_type, i.incident_id, p.priority
FROM alerts AS a
LEFT JOIN incident_alerts AS i ON i.alert_id = a.alert_id AND i.left_at IS NULL
LEFT JOIN alert_priorities AS p ON p.alert_id = a.alert_id
WHERE a.entity_id = ANY (:entities)
