-- Returns what keys are of, without their types, the newest first.
SELECT substr(dedup_key, strpos(dedup_key, ':') + 1) AS plain
FROM decisions
GROUP BY plain
ORDER BY max(last_as_of) DESC, plain
LIMIT :limit
