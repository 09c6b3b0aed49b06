-- Returns the keys that begin, with or without their type, with some letters in lower case.
SELECT dedup_key
FROM (SELECT dedup_key FROM decisions UNION SELECT dedup_key FROM alerts) AS every
WHERE starts_with(lower(dedup_key), :what)
   OR starts_with(lower(substr(dedup_key, strpos(dedup_key, ':') + 1)), :what)
ORDER BY dedup_key
