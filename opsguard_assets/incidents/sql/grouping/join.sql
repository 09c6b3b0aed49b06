-- Alerts join incidents; in which other one an alert is already, the database refuses it.
INSERT INTO incident_alerts (incident_id, alert_id, joined_at, why)
SELECT r.incident_id, r.alert_id, :at, r.why
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (incident_id bigint, alert_id bigint, why text)
