-- Returns every unresolved incident; locked, so that nobody changes or routes it meanwhile.
SELECT
    incident_id, group_key, state, severity, priority, title, unresolved, is_in_plan, acknowledged_priority
FROM incidents
WHERE state <> 'resolved'
ORDER BY incident_id
FOR UPDATE
