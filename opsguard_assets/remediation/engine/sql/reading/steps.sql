-- Returns the steps that an execution reached, in the order in which it reached them.
SELECT
    phase, step, name, action, state, effect_id, attempts, input, output, words, started_at, deadline_at, ended_at
FROM execution_steps
WHERE execution_id = :execution_id
ORDER BY started_at, phase DESC, step
