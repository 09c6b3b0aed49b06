-- Returns alerts by number, with their newest priority where they were triaged, and who has their incident.
SELECT
    a.*, p.priority, p.action_probability, p.reasons AS priority_reasons, p.basis AS priority_basis, i.owner_id
FROM alerts AS a
LEFT JOIN alert_priorities AS p USING (alert_id)
LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id AND m.left_at IS NULL
LEFT JOIN incidents AS i ON i.incident_id = m.incident_id AND i.state <> 'resolved'
WHERE a.alert_id = ANY (:alert_ids)
ORDER BY a.alert_id
