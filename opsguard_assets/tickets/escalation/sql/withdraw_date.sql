-- What was handed over counts from when it was planned.
UPDATE escalation_steps AS s SET as_of = e.planned_at
FROM effects AS e
WHERE e.effect_id = s.effect_id AND s.as_of >= :since AND e.attempts > 0 AND s.as_of <> e.planned_at
