-- Lets the next tick look at an execution.
UPDATE executions SET due_at = :at
WHERE execution_id = :execution_id AND ended_at IS NULL AND due_at > :at
