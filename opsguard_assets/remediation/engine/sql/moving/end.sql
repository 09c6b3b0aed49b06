-- Ends an execution, and lets those look again that wait for its place at the site.
WITH ended AS (
    UPDATE executions SET
        state = :state, reason = :reason, ended_at = :at, due_at = NULL, lease = NULL, lease_until = NULL, worker = NULL
    WHERE execution_id = :execution_id AND ended_at IS NULL
    RETURNING execution_id, playbook, site_id, begun_at
)
UPDATE executions AS e SET due_at = :at
FROM ended AS d
WHERE e.playbook = d.playbook AND COALESCE(e.site_id, '') = COALESCE(d.site_id, '') AND e.ended_at IS NULL
AND e.begun_at IS NULL AND d.begun_at IS NOT NULL AND e.execution_id <> d.execution_id
