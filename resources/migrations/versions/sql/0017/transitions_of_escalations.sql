-- The history of every escalation as that of its effect.
INSERT INTO effect_transitions (transition_id, effect_id, at, actor, from_state, to_state, detail)
OVERRIDING SYSTEM VALUE
SELECT
    transition_id, escalation_id, at, actor,
    CASE from_state WHEN 'sent' THEN 'sending' ELSE from_state END,
    CASE to_state WHEN 'sent' THEN 'sending' ELSE to_state END, detail
FROM escalation_transitions
