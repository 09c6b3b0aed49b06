-- Returns how the priority of an alert changed, the first one first.
SELECT as_of AS at, from_priority, to_priority, action_probability, reason
FROM alert_priority_changes WHERE alert_id = :alert_id ORDER BY change_id
