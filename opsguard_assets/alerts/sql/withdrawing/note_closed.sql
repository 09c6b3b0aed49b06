-- Notes that alerts which withdrawn ticks had raised are closed. The line carries the withdrawal: it is no part of
-- their life either.
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution, withdrawal_id)
SELECT alert_id, :at, :actor, state, 'resolved', :detail, severity, 'withdrawn', :number
FROM alerts WHERE alert_id IN (SELECT alert_id FROM undone WHERE from_state IS NULL)
