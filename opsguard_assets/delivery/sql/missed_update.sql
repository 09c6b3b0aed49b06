-- Returns the version and state of an incident that somebody took, or that was resolved, after its message was written.
SELECT version, state FROM incidents
WHERE incident_id = :incident_id AND version > :version AND state <> 'open'
