-- Returns the steps that executions reached, in the order in which each reached them.
SELECT
    execution_id, phase, step, name, action, state, effect_id, attempts, input, output, words, started_at,
    deadline_at, ended_at
FROM execution_steps
WHERE execution_id = ANY (:execution_ids)
ORDER BY started_at, phase DESC, step
