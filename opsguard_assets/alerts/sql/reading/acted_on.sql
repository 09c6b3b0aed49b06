-- Returns which entities were alerted since an instant, and which were held back although they would have been. Keys
-- are `type:entity`, so the type's length says where the entity begins.
SELECT substr(dedup_key, length(CAST(:alert_type AS text)) + 2) AS entity_id,
       bool_or(decision = 'held back') AS is_held_back
FROM decisions
WHERE last_as_of >= :since
  AND decision IN ('held back', 'raised', 'refreshed', 'reopened')
  AND starts_with(dedup_key, CAST(:alert_type AS text) || ':')
GROUP BY dedup_key
