-- Returns the side effects of the steps of an execution that have not ended, except those that somebody was promised.
SELECT s.effect_id FROM execution_steps AS s
WHERE s.execution_id = :execution_id AND s.state = 'planned' AND s.effect_id IS NOT NULL
AND NOT s.action = ANY (:promised)
