-- Returns the types of alerts, by client, of which somebody is told.
SELECT DISTINCT a.client_id, a.alert_type FROM notices JOIN incident_alerts AS i USING (incident_id)
JOIN alerts AS a USING (alert_id) WHERE effect_id IS NOT NULL AND i.left_at IS NULL
