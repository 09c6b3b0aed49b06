-- Ends an execution, and lets one look again that waits for its place at the site, of those that sleep the one that is
-- due first: the place lets in no more. So each end costs the same, however many wait. What ends in shadow or undoes had
-- no place.
WITH ended AS (
    UPDATE executions SET
        state = :state, reason = :reason, ended_at = :at, due_at = NULL, lease = NULL, lease_until = NULL, worker = NULL
    WHERE execution_id = :execution_id AND ended_at IS NULL
    RETURNING playbook, COALESCE(site_id, '') AS site, begun_at, undo_of, mode
),
woken AS (
    SELECT s.execution_id
    FROM ended AS d
    CROSS JOIN LATERAL (
        SELECT e.execution_id
        FROM executions AS e
        WHERE e.playbook = d.playbook AND COALESCE(e.site_id, '') = d.site AND e.ended_at IS NULL AND e.begun_at IS NULL
        AND e.due_at > :at AND e.execution_id <> :execution_id
        ORDER BY e.due_at, e.execution_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS s
    WHERE d.begun_at IS NOT NULL AND d.undo_of IS NULL AND d.mode <> 'shadow'
)
UPDATE executions AS e SET due_at = :at
FROM woken AS w
WHERE e.execution_id = w.execution_id
