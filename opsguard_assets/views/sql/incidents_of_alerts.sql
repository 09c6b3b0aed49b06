-- Returns the incidents that some alerts are in.
SELECT alert_id, incident_id
FROM incident_alerts
WHERE alert_id = ANY (:alert_ids) AND left_at IS NULL
