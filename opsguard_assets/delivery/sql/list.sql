-- Returns messages in some states with whom they are for, the newest first.
SELECT e.effect_id, e.key, e.target AS channel, e.payload ->> 'address' AS address, n.person_id, n.audience,
       e.payload ->> 'kind' AS kind, CAST(e.payload ->> 'incident_id' AS bigint) AS incident_id,
       COALESCE(CAST(e.payload ->> 'is_critical' AS boolean), false) AS is_critical, e.state, e.attempts, e.planned_at,
       e.due_at, e.sent_at, e.settled_at, e.answer
FROM effects AS e
LEFT JOIN notices AS n ON n.effect_id = e.effect_id
WHERE e.kind = 'message' AND e.state = ANY (:states)
ORDER BY e.effect_id DESC
LIMIT :limit
