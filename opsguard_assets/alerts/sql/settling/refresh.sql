-- Brings the alerts that findings of the tick are about up to date: what the finding says, and the state that follows.
-- A monitor with an open set finds every row of its source at every tick; its alerts count the most rows at once.
UPDATE alerts AS a SET
    alert_type = p.alert_type, severity = p.severity, score = p.score, title = p.title, reason = p.reason,
    evidence = p.evidence,
    model_name = p.model_name, model_version = p.model_version, model_run_id = p.model_run_id,
    client_id = p.client_id, site_id = p.site_id,
    occurrences = CASE WHEN :counts_anew THEN greatest(a.occurrences, p.findings) ELSE a.occurrences + p.findings END,
    last_seen_at = :as_of,
    state = CASE p.decision WHEN 'muted' THEN 'suppressed' WHEN 'mute ended' THEN p.state_before_mute
                            WHEN 'reopened' THEN 'open' ELSE a.state END,
    state_before_mute = CASE WHEN p.decision = 'muted' AND a.state <> 'suppressed' THEN a.state
                             WHEN p.decision = 'muted' THEN a.state_before_mute END,
    openings = a.openings + CASE p.decision WHEN 'reopened' THEN 1 ELSE 0 END,
    resolved_at = NULL, resolved_by = NULL, resolution = NULL, awaits_clearing = false,
    acknowledged_at = CASE p.decision WHEN 'reopened' THEN NULL ELSE a.acknowledged_at END,
    acknowledged_by = CASE p.decision WHEN 'reopened' THEN NULL ELSE a.acknowledged_by END
FROM plan AS p
WHERE a.alert_id = p.alert_id
  AND (p.decision IN ('refreshed', 'held by hysteresis', 'mute ended', 'reopened')
       OR (p.decision = 'muted' AND p.state <> 'resolved'))
