-- Returns the incident that an alert is in.
SELECT incident_id
FROM incident_alerts
WHERE alert_id = :alert_id AND left_at IS NULL
