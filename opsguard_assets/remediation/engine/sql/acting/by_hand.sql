-- Returns the execution that a person asked for and that keeps another one from beginning.
SELECT execution_id, state FROM executions
WHERE playbook = :playbook AND alert_id = :alert_id AND is_by_hand AND undo_of IS NULL
AND (ended_at IS NULL OR state = 'unknown')
