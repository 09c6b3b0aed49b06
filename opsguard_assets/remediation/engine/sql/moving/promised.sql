-- Returns the side effects of the steps of an execution that have come to something which no step has seen: those that
-- somebody was promised, and those in doubt.
SELECT f.effect_id, f.state
FROM execution_steps AS s
JOIN effects AS f USING (effect_id)
WHERE s.execution_id = :execution_id AND s.state = 'planned'
AND (f.state = 'unknown' OR (s.action = ANY (:promised) AND f.state NOT IN ('planned', 'sending')))
