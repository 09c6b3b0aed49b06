-- Brings the counts of an incident up to date after a person moved alerts; the rest follows with the next tick.
UPDATE incidents AS i SET
    unresolved = m.unresolved,
    alerts = i.alerts + :joined,
    priority = GREATEST(i.priority * :keeps, m.priority),
    version = i.version + 1,
    updated_at = :at
FROM (
    SELECT
        count(*) FILTER (WHERE a.state IN ('open', 'acknowledged')) AS unresolved,
        COALESCE(max(p.priority), 0) AS priority
    FROM incident_alerts AS o
    JOIN alerts AS a USING (alert_id)
    LEFT JOIN alert_priorities AS p ON p.alert_id = a.alert_id AND p.opening = a.openings
    WHERE o.incident_id = :incident_id AND o.left_at IS NULL AND a.state <> 'resolved'
) AS m
WHERE i.incident_id = :incident_id
RETURNING i.version
