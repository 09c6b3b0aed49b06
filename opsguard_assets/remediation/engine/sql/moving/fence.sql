-- Locks an execution that a worker holds: no row where its lease is another's, or where somebody has woken it since.
-- Returns whether a kill switch or a pause holds it up.
SELECT
    EXISTS (
        SELECT FROM remediation_switches AS s
        WHERE s.scope = 'all' OR (s.scope = 'client' AND s.name = e.client_id)
        OR (s.scope = 'playbook' AND s.name = e.playbook AND e.undo_of IS NULL)
    )
    OR EXISTS (
        SELECT FROM playbooks AS p WHERE p.playbook = e.playbook AND p.paused_at IS NOT NULL AND e.undo_of IS NULL
    ) AS is_held
FROM executions AS e
WHERE e.execution_id = :execution_id AND e.lease = CAST(:lease AS uuid) AND e.due_at = e.lease_until
FOR UPDATE
