-- Raises the alerts that the plan asks for. A muted one is raised as suppressed, so that the mute's end can open it.
-- The order gives equal numbers to equal ticks.
INSERT INTO alerts (dedup_key, alert_type, entity_type, entity_id, client_id, site_id, severity, state,
                    state_before_mute, score, title, reason, evidence, model_name, model_version, model_run_id,
                    occurrences, first_seen_at, last_seen_at)
SELECT dedup_key, alert_type, entity_type, entity_id, client_id, site_id, severity,
       CASE decision WHEN 'muted' THEN 'suppressed' ELSE 'open' END, CASE decision WHEN 'muted' THEN 'open' END,
       score, title, reason, evidence, model_name, model_version, model_run_id, findings, :as_of, :as_of
FROM plan
WHERE decision = 'raised' OR (decision = 'muted' AND (state IS NULL OR state = 'resolved'))
ORDER BY dedup_key
