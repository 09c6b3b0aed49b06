-- Returns the numbers of the alerts that an incident holds now.
SELECT alert_id
FROM incident_alerts
WHERE incident_id = :incident_id AND left_at IS NULL
ORDER BY alert_id
