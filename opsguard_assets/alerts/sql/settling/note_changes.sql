-- Notes what happens to alerts that are there already: another severity or type, a mute that begins or ends, a
-- reopening. An alert that is only refreshed leaves no line, or histories would grow with every tick.
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, severity, detail)
SELECT alert_id, :as_of, :actor, state,
       CASE decision WHEN 'muted' THEN 'suppressed' WHEN 'mute ended' THEN state_before_mute
                     WHEN 'reopened' THEN 'open' ELSE state END,
       severity,
       concat_ws('; ',
           CASE decision WHEN 'muted' THEN 'muted by ' || mute_id WHEN 'mute ended' THEN 'the mute ended'
                         WHEN 'reopened' THEN 'the condition is back' END,
           CASE WHEN alert_type <> old_type THEN old_type || ' became ' || alert_type END,
           CASE WHEN severity <> old_severity THEN 'severity ' || old_severity || ' to ' || severity END)
FROM plan
WHERE (decision IN ('refreshed', 'held by hysteresis') AND (severity, alert_type) <> (old_severity, old_type))
   OR (decision = 'muted' AND state <> 'resolved'
       AND (state <> 'suppressed' OR (severity, alert_type) <> (old_severity, old_type)))
   OR decision IN ('mute ended', 'reopened')
