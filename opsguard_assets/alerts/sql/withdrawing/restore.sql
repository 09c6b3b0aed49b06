-- Gives alerts back the state that `restored` tells.
UPDATE alerts AS a SET
    state = r.state, severity = coalesce(r.old_severity, a.severity), alert_type = coalesce(r.old_type, a.alert_type),
    openings = greatest(a.openings - r.reopened, 1),
    resolved_at = CASE r.state WHEN 'resolved' THEN r.resolved_at END,
    resolved_by = CASE r.state WHEN 'resolved' THEN r.resolved_by END,
    resolution = CASE r.state WHEN 'resolved' THEN r.resolution END,
    awaits_clearing = r.state = 'resolved' AND r.resolution IN ('by a person', 'by a playbook')
                      AND r.transition_id = r.resolving,
    acknowledged_at = r.acknowledged_at, acknowledged_by = r.acknowledged_by,
    state_before_mute = CASE WHEN r.state <> 'suppressed' THEN NULL WHEN r.is_acknowledged_since THEN 'acknowledged'
                             ELSE coalesce(r.unsuppressed, 'open') END
FROM restored AS r WHERE a.alert_id = r.alert_id
