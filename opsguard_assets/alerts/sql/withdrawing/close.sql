-- Closes the alerts that withdrawn ticks had raised.
UPDATE alerts SET state = 'resolved', state_before_mute = NULL, resolved_at = :at, resolved_by = :actor,
    resolution = 'withdrawn', awaits_clearing = false
WHERE alert_id IN (SELECT alert_id FROM undone WHERE from_state IS NULL)
