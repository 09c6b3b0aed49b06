-- Returns the alert of the greatest priority of some incidents, and when one of their alerts was found last.
SELECT DISTINCT ON (m.incident_id)
    m.incident_id,
    max(a.last_seen_at) OVER (PARTITION BY m.incident_id) AS last_seen_at,
    a.alert_type, a.entity_type, a.entity_id
FROM incident_alerts AS m
JOIN alerts AS a USING (alert_id)
LEFT JOIN alert_priorities AS p ON p.alert_id = a.alert_id AND p.opening = a.openings
WHERE m.incident_id = ANY (:incident_ids) AND m.left_at IS NULL
ORDER BY m.incident_id, a.state = 'resolved', p.priority DESC NULLS LAST, a.alert_id
