-- Notes who looks after an alert. A muted one stays suppressed, and is acknowledged once its mute ends.
UPDATE alerts SET
    state = CASE state WHEN 'suppressed' THEN state ELSE 'acknowledged' END,
    state_before_mute = CASE state WHEN 'suppressed' THEN 'acknowledged' ELSE state_before_mute END,
    acknowledged_at = :at, acknowledged_by = :actor
WHERE alert_id = :alert_id
