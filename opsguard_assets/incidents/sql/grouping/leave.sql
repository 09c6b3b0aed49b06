-- Alerts leave the incidents that they were in.
UPDATE incident_alerts SET left_at = :at
WHERE alert_id = ANY (:alert_ids) AND left_at IS NULL
