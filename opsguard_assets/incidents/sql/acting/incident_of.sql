-- Returns the open incident of an alert, if every unresolved alert of it is acknowledged or muted.
SELECT i.incident_id
FROM incident_alerts AS m
JOIN incidents AS i USING (incident_id)
WHERE
    m.alert_id = :alert_id AND m.left_at IS NULL AND i.state = 'open'
    AND NOT EXISTS (
        SELECT 1
        FROM incident_alerts AS o
        JOIN alerts AS a USING (alert_id)
        WHERE o.incident_id = m.incident_id AND o.left_at IS NULL AND a.state = 'open'
    )
