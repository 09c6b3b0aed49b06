-- All words of operators on the alerts that changed since the last ones that were read.
SELECT feedback_id, alert_id, opening, verdict, at
FROM alert_feedback
WHERE alert_id IN (
    SELECT alert_id FROM alert_transitions WHERE transition_id > :transition
    UNION SELECT alert_id FROM alert_feedback WHERE feedback_id > :feedback
)
ORDER BY feedback_id
