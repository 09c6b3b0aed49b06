-- Returns the transitions of an alert, the first one first.
SELECT at, actor, from_state, to_state, detail
FROM alert_transitions
WHERE alert_id = :alert_id
ORDER BY transition_id
