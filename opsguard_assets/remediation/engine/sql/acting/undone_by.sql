-- Returns the execution that undoes another one.
SELECT execution_id FROM executions WHERE undo_of = :execution_id
