-- Returns how many alerts are open or acknowledged, and how many of them are in no unresolved incident.
SELECT
    count(*) AS alerts,
    count(*) FILTER (WHERE i.incident_id IS NULL) AS homeless
FROM alerts AS a
LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id AND m.left_at IS NULL
LEFT JOIN incidents AS i ON i.incident_id = m.incident_id AND i.state <> 'resolved'
WHERE a.state IN ('open', 'acknowledged')
