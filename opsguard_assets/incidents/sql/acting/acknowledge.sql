-- Somebody has an incident: its chain ends.
UPDATE incidents SET
    state = 'acknowledged', acknowledged_at = :at, acknowledged_by = :actor, acknowledged_priority = priority,
    version = version + 1, updated_at = :at, next_step_at = NULL
WHERE incident_id = :incident_id
RETURNING version
