-- Returns the steps that an execution has reached, in their order.
SELECT phase, step, name, action, state, attempts, input, output, words, started_at, deadline_at, ended_at
FROM execution_steps
WHERE execution_id = :execution_id
ORDER BY array_position(ARRAY['steps', 'on_failure', 'undo'], phase), step
