-- Locks an execution, also against the worker that holds it.
SELECT execution_id FROM executions WHERE execution_id = :execution_id FOR UPDATE
