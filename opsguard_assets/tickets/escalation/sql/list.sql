-- Escalations in some states, the newest first, with who was told and who is to be told and was not yet.
SELECT e.*, n.told, n.to_tell
FROM escalations AS e
CROSS JOIN LATERAL (
    SELECT
        string_agg(who, ', ') FILTER (WHERE state = 'delivered') AS told,
        string_agg(who, ', ') FILTER (WHERE state <> 'delivered') AS to_tell
    FROM (
        SELECT person_id || ' (' || role || ')' AS who, state FROM escalation_notices
        WHERE escalation_notices.escalation_id = e.escalation_id
        ORDER BY role, person_id
    ) AS ordered
) AS n
WHERE e.state = ANY (:states)
ORDER BY e.escalation_id DESC
LIMIT :limit
