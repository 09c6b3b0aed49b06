-- Returns the owner of the incident that the alert of an execution is in.
SELECT i.owner_id
FROM executions AS e
JOIN incident_alerts AS m ON m.alert_id = e.alert_id AND m.left_at IS NULL
JOIN incidents AS i USING (incident_id)
WHERE e.execution_id = :execution_id
