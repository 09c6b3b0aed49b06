-- Switches playbooks on again, and lets what waited be looked at. No row where they are not off.
WITH removed AS (
    DELETE FROM remediation_switches WHERE scope = :scope AND name = :name
    RETURNING scope, name
),
woken AS (
    UPDATE executions AS e SET due_at = :at
    FROM removed AS r
    WHERE e.ended_at IS NULL AND (
        r.scope = 'all' OR (r.scope = 'client' AND e.client_id = r.name) OR (r.scope = 'playbook' AND e.playbook = r.name)
    )
)
SELECT scope FROM removed
