-- Returns what happened to an execution, the first one first.
SELECT at, actor, from_state, to_state, detail
FROM execution_transitions
WHERE execution_id = :execution_id
ORDER BY transition_id
LIMIT 200
