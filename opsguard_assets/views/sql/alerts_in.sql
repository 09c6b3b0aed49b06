-- Returns the alerts that are in some incidents, with their newest priority where they were triaged, and why they are.
SELECT
    i.incident_id, i.joined_at, i.why AS joined_why,
    a.*, p.priority, p.action_probability, p.reasons AS priority_reasons, p.basis AS priority_basis, o.owner_id
FROM incident_alerts AS i
JOIN alerts AS a USING (alert_id)
JOIN incidents AS o USING (incident_id)
LEFT JOIN alert_priorities AS p USING (alert_id)
WHERE i.incident_id = ANY (:incident_ids) AND i.left_at IS NULL
ORDER BY a.alert_id
