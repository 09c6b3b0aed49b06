-- Returns every unresolved alert with the priority of its present opening and the incident that it is in.
SELECT
    a.alert_id, a.dedup_key, a.alert_type, a.entity_type, a.entity_id, a.client_id, a.site_id, a.severity, a.state,
    a.title, p.priority, m.incident_id
FROM alerts AS a
LEFT JOIN alert_priorities AS p ON p.alert_id = a.alert_id AND p.opening = a.openings
LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id AND m.left_at IS NULL
WHERE a.state <> 'resolved'
