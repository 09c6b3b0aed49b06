-- Notes the changes of `found` that are worth telling.
INSERT INTO alert_priority_changes (alert_id, as_of, from_priority, to_priority, action_probability, reason)
SELECT alert_id, :as_of, said_priority, priority, action_probability, reason
FROM found WHERE is_noted ORDER BY alert_id
