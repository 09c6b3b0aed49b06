-- Begins an execution that undoes another one. No row where there is one already.
INSERT INTO executions (
    playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode, requested_by, is_by_hand,
    undo_of, state, phase, triggered_at, due_at, deadline_at
)
SELECT
    playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode, :actor, true, execution_id,
    'running', 'undo', :at, :at, :deadline_at
FROM executions
WHERE execution_id = :execution_id
ON CONFLICT (undo_of) WHERE undo_of IS NOT NULL DO NOTHING
RETURNING execution_id
