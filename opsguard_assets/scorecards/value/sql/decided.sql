-- Returns the entities that reached the threshold of a type of alerts within a period, each with the first decision
-- about it: it was alerted, or held back. Keys are `type:entity`, so the type's length says where the entity begins.
-- A decision that went on from before the period began counts with its first moment.
SELECT DISTINCT ON (dedup_key)
       substr(dedup_key, length(CAST(:alert_type AS text)) + 2) AS entity_id,
       first_as_of AS decided_at, decision = 'held back' AS is_held_back
FROM decisions
WHERE last_as_of >= :since AND first_as_of <= :until
  AND decision IN ('held back', 'raised', 'refreshed', 'reopened')
  AND starts_with(dedup_key, CAST(:alert_type AS text) || ':')
ORDER BY dedup_key, first_as_of
