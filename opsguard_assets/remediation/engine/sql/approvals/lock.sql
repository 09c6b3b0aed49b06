-- Locks an execution, so that a worker that holds it and a person who decides follow one another. Returns its state.
SELECT e.state
FROM executions AS e
WHERE e.execution_id = :execution_id
FOR UPDATE
