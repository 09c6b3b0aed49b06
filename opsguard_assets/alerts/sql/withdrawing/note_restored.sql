-- Notes that alerts are again what they were. The line carries the withdrawal: it is no part of their life.
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution, withdrawal_id)
SELECT a.alert_id, :at, :actor, a.state, r.state, :detail, coalesce(r.old_severity, a.severity),
       CASE r.state WHEN 'resolved' THEN r.resolution END, :number
FROM restored AS r JOIN alerts AS a USING (alert_id)
