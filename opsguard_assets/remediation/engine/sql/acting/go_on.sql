-- Goes on with an execution that ended in doubt.
UPDATE executions SET state = 'running', ended_at = NULL, due_at = :at, reason = NULL
WHERE execution_id = :execution_id AND state = 'unknown'
