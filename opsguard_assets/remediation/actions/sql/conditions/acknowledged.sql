-- Returns which of some alerts somebody has taken, or resolved.
SELECT alert_id FROM alerts
WHERE alert_id = ANY (:alert_ids) AND (acknowledged_at IS NOT NULL OR resolution = 'by a person')
