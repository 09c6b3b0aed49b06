-- Returns the priority of an alert's present opening.
SELECT p.priority
FROM alert_priorities AS p
JOIN alerts AS a ON a.alert_id = p.alert_id AND a.openings = p.opening
WHERE p.alert_id = :alert_id
