-- Returns messages in some states, the newest first.
SELECT effect_id, key, target AS channel, payload ->> 'address' AS address, payload ->> 'kind' AS kind,
       CAST(payload ->> 'incident_id' AS bigint) AS incident_id,
       COALESCE(CAST(payload ->> 'is_critical' AS boolean), false) AS is_critical, state, attempts, planned_at, due_at,
       sent_at, settled_at, answer
FROM effects
WHERE kind = 'message' AND state = ANY (:states)
ORDER BY effect_id DESC
LIMIT :limit
