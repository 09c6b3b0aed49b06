-- What became of escalations, step by step.
CREATE VIEW escalation_transitions AS
SELECT
    t.transition_id, s.escalation_id, t.at, t.actor,
    CASE t.from_state WHEN 'sending' THEN 'sent' ELSE t.from_state END AS from_state,
    CASE t.to_state WHEN 'sending' THEN 'sent' ELSE t.to_state END AS to_state,
    t.detail
FROM effect_transitions AS t
JOIN escalation_steps AS s USING (effect_id)
