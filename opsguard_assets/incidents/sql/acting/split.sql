-- Opens an incident for alerts that a person takes out of another one. Its group is its own: nothing joins it.
INSERT INTO incidents (
    group_key, cause, client_id, site_id, title, state, severity, priority, is_life_safety, is_in_plan, alerts,
    unresolved, team, opened_at, updated_at, acknowledged_at, acknowledged_by, acknowledged_priority
)
SELECT
    group_key || ' split ' || (
        SELECT count(*) FROM incidents AS o WHERE o.group_key LIKE i.group_key || ' split %'
    ) + 1,
    cause, client_id, site_id, :title, state, :severity, :priority, is_life_safety, is_in_plan, :count, :count, team,
    :at, :at, acknowledged_at, acknowledged_by, acknowledged_priority
FROM incidents AS i
WHERE incident_id = :incident_id
RETURNING incident_id
