-- Notes the alerts that this tick raised: those of the plan whose number is new.
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, severity, detail)
SELECT a.alert_id, :as_of, :actor, NULL, a.state, a.severity,
       CASE p.decision WHEN 'muted' THEN 'muted by ' || p.mute_id ELSE 'the condition holds' END
FROM plan AS p JOIN alerts AS a ON a.dedup_key = p.dedup_key AND a.state <> 'resolved'
WHERE (p.decision = 'raised' OR p.decision = 'muted') AND (p.alert_id IS NULL OR a.alert_id > p.alert_id)
