-- Notes what somebody says of alerts, of the opening that each is in.
INSERT INTO alert_feedback (alert_id, opening, verdict, actor, surface, note, at)
SELECT alert_id, openings, :verdict, :actor, :surface, :note, :at
FROM alerts
WHERE alert_id = ANY (:alert_ids)
ORDER BY alert_id
RETURNING alert_id
