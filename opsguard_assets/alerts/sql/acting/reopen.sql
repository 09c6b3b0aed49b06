-- Opens an alert again that the same actor resolved, and notes it. Returns its number; no row where it was not so, or
-- where the same trouble has another unresolved alert meanwhile.
WITH reopened AS (
    UPDATE alerts AS a SET
        state = 'open', resolved_at = NULL, resolved_by = NULL, resolution = NULL, awaits_clearing = false
    WHERE a.alert_id = :alert_id AND a.state = 'resolved' AND a.resolved_by = :actor
    AND NOT EXISTS (
        SELECT FROM alerts AS b WHERE b.dedup_key = a.dedup_key AND b.state <> 'resolved' AND b.alert_id <> a.alert_id
    )
    RETURNING a.alert_id, a.severity
)
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity)
SELECT alert_id, :at, :actor, 'resolved', 'open', :detail, severity FROM reopened
RETURNING alert_id
