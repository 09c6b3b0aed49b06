-- Returns the executions that wait for a condition and are due to be looked at, except some.
SELECT
    e.execution_id, e.alert_id, e.entity_type, e.entity_id, e.site_id, s.started_at AS began_at,
    s.input -> 'parameters' ->> 'condition' AS condition
FROM executions AS e
JOIN execution_steps AS s USING (execution_id, phase, step)
WHERE e.ended_at IS NULL AND e.due_at <= :now AND e.state = 'waiting'
AND s.action = 'wait_for' AND s.state = 'planned' AND s.output IS NOT NULL
AND NOT e.execution_id = ANY (:except)
