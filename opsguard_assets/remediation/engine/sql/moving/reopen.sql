-- Goes on with an execution that ended in doubt: its step is looked at again.
WITH step AS (
    UPDATE execution_steps SET state = 'planned', ended_at = NULL
    WHERE execution_id = :execution_id AND phase = :phase AND step = :step AND state = 'unknown'
    RETURNING execution_id
)
UPDATE executions AS e SET state = 'running', ended_at = NULL, due_at = :at, reason = NULL
FROM step
WHERE e.execution_id = step.execution_id AND e.state = 'unknown'
RETURNING e.execution_id
