-- Writes down which transitions of alerts triggers have looked at.
INSERT INTO trigger_looks (alert_id, transition_id)
SELECT r.alert_id, r.transition_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (alert_id bigint, transition_id bigint)
ON CONFLICT (alert_id) DO UPDATE SET transition_id = GREATEST(trigger_looks.transition_id, EXCLUDED.transition_id)
