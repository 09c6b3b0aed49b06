-- Returns how many messages have no known result, and how many failed since an instant.
SELECT count(*) FILTER (WHERE state = 'unknown') AS unknown,
       count(*) FILTER (WHERE state = 'failed' AND settled_at > :since) AS failed
FROM effects
WHERE kind = 'message' AND (state = 'unknown' OR settled_at > :since)
