-- Returns the transitions of an incident, the first one first.
SELECT at, actor, from_state, to_state, detail
FROM incident_transitions
WHERE incident_id = :incident_id
ORDER BY transition_id
