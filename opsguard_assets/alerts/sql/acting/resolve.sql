-- Resolves alerts for a person or a playbook, and notes it.
WITH resolved AS (
    UPDATE alerts AS a SET
        state = 'resolved', state_before_mute = NULL, resolved_at = :at, resolved_by = :actor,
        resolution = :resolution, awaits_clearing = true
    FROM (SELECT alert_id, state FROM alerts WHERE alert_id = ANY (:alert_ids) AND state <> 'resolved') AS k
    WHERE a.alert_id = k.alert_id
    RETURNING a.alert_id, k.state AS before, a.severity, a.resolution
)
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution)
SELECT alert_id, :at, :actor, before, 'resolved', :detail, severity, resolution FROM resolved ORDER BY alert_id
