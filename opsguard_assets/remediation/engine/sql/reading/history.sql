-- Returns the history of an execution, the first line first.
SELECT at, actor, from_state, to_state, detail
FROM execution_transitions
WHERE execution_id = :execution_id
ORDER BY transition_id
