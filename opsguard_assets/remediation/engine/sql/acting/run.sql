-- Begins an execution that a person asks for. No row where one that a person asked for has not ended or
-- is in doubt.
INSERT INTO executions (
    playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode, requested_by, is_by_hand,
    state, triggered_at, due_at, deadline_at
)
SELECT
    :playbook, :digest, a.alert_id, a.openings, a.entity_type, a.entity_id, a.client_id, a.site_id, :mode, :actor, true,
    'running', :at, :at, :deadline_at
FROM alerts AS a
WHERE a.alert_id = :alert_id
ON CONFLICT (playbook, alert_id) WHERE is_by_hand AND undo_of IS NULL AND (ended_at IS NULL OR state = 'unknown')
DO NOTHING
RETURNING execution_id
