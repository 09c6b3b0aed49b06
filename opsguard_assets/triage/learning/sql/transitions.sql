-- All transitions of the alerts that changed since the last ones that were read, with what their alerts say now.
SELECT t.transition_id, t.alert_id, t.at, t.from_state, t.to_state, t.severity, t.resolution,
       t.withdrawal_id IS NOT NULL AS is_withdrawn,
       a.alert_type, a.entity_type, a.entity_id, a.client_id, a.site_id, a.severity AS severity_now, a.score, a.model_name,
       a.evidence ->> 'external_alert_id' AS external_alert_id
FROM alert_transitions AS t JOIN alerts AS a USING (alert_id)
WHERE t.alert_id IN (
    SELECT alert_id FROM alert_transitions WHERE transition_id > :transition
    UNION SELECT alert_id FROM alert_feedback WHERE feedback_id > :feedback
)
ORDER BY t.transition_id
