-- Returns the entities about which every finding of a type of alerts within a period was kept back by the plan of their
-- client: nobody was told of them at any time.
SELECT substr(dedup_key, length(CAST(:alert_type AS text)) + 2) AS entity_id
FROM decisions
WHERE last_as_of >= :since AND first_as_of <= :until
  AND starts_with(dedup_key, CAST(:alert_type AS text) || ':')
GROUP BY dedup_key
HAVING bool_or(decision = 'not in the plan') AND bool_and(decision IN ('not in the plan', 'below the threshold'))
