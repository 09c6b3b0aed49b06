-- Returns how many promised shifts could not be recorded after their execution had ended, since a moment.
SELECT count(*)
FROM executions AS e
JOIN execution_steps AS s USING (execution_id)
WHERE e.ended_at > :since AND s.action = ANY (:promised) AND s.phase <> 'undo' AND s.state = 'failed'
AND s.effect_id IS NOT NULL AND s.ended_at >= e.ended_at
