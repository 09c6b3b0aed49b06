-- Lets executions be looked at now, also where a worker holds one: its next commit fails at the fence.
UPDATE executions SET due_at = :at
WHERE execution_id = ANY (:execution_ids) AND ended_at IS NULL
