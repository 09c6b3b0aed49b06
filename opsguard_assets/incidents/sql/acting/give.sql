-- Gives an incident to somebody.
UPDATE incidents SET owner_id = :person_id, version = version + 1, updated_at = :at
WHERE incident_id = :incident_id
