-- Locks the executions whose steps have some side effects. Returns them with the step and where both stand.
SELECT
    e.execution_id, e.state, e.ended_at IS NOT NULL AS is_over, e.playbook, e.alert_id, e.requested_by, s.phase, s.step,
    s.state AS step_state, s.effect_id, s.action, s.idempotency_key, s.output
FROM execution_steps AS s
JOIN executions AS e USING (execution_id)
WHERE s.effect_id = ANY (:effect_ids)
ORDER BY e.execution_id
FOR UPDATE OF e
