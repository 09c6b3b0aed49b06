-- Ends an incident.
UPDATE incidents SET
    state = 'resolved', resolved_at = :at, version = version + 1, updated_at = :at, next_step_at = NULL,
    unresolved = 0, merged_into = :into
WHERE incident_id = :incident_id
RETURNING version
