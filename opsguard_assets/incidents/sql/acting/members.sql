-- Returns the unresolved alerts of an incident.
SELECT a.alert_id, a.state, a.severity, a.title, COALESCE(p.priority, 0) AS priority
FROM incident_alerts AS m
JOIN alerts AS a USING (alert_id)
LEFT JOIN alert_priorities AS p ON p.alert_id = a.alert_id AND p.opening = a.openings
WHERE m.incident_id = :incident_id AND m.left_at IS NULL AND a.state <> 'resolved'
ORDER BY priority DESC, a.alert_id
