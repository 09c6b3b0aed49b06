-- Notes in the history of what was handed over that its tick was withdrawn; its state stays.
INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
SELECT e.effect_id, :at, :actor, e.state, e.state, :detail
FROM escalation_steps AS s
JOIN effects AS e USING (effect_id)
WHERE s.as_of >= :since AND e.attempts > 0 AND s.as_of <> e.planned_at
