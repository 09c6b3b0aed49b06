-- Returns the side effects that somebody was promised, and that have ended before a step of the execution saw it.
SELECT f.effect_id, f.state
FROM execution_steps AS s
JOIN effects AS f USING (effect_id)
WHERE s.execution_id = :execution_id AND s.state = 'planned' AND s.action = ANY (:promised)
AND f.state NOT IN ('planned', 'sending', 'unknown')
