-- Locks the executions whose steps have some side effects. Returns them with the step and where both stand.
SELECT e.execution_id, e.state, e.ended_at IS NOT NULL AS is_over, s.phase, s.step, s.state AS step_state, s.effect_id
FROM execution_steps AS s
JOIN executions AS e USING (execution_id)
WHERE s.effect_id = ANY (:effect_ids)
ORDER BY e.execution_id
FOR UPDATE OF e
