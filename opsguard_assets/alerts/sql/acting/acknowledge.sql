-- Notes who looks after alerts. A muted one stays suppressed, and is acknowledged once its mute ends.
WITH known AS (
    SELECT alert_id, state FROM alerts WHERE alert_id = ANY (:alert_ids) AND state <> 'resolved' FOR UPDATE
),
noted AS (
    INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution)
    SELECT
        a.alert_id, :at, :actor, a.state, CASE a.state WHEN 'suppressed' THEN a.state ELSE 'acknowledged' END, :detail,
        a.severity, a.resolution
    FROM alerts AS a
    JOIN known USING (alert_id)
    ORDER BY a.alert_id
)
UPDATE alerts AS a SET
    state = CASE k.state WHEN 'suppressed' THEN k.state ELSE 'acknowledged' END,
    state_before_mute = CASE k.state WHEN 'suppressed' THEN 'acknowledged' ELSE a.state_before_mute END,
    acknowledged_at = :at,
    acknowledged_by = :actor
FROM known AS k
WHERE a.alert_id = k.alert_id
