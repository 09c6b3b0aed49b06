-- Returns how many messages are in which state, and how many of them longer than they should be.
SELECT state, count(*) AS number,
       count(*) FILTER (WHERE (state = 'unknown' AND settled_at < :unknown_before)
                        OR (state IN ('planned', 'sending') AND due_at < :late_before)) AS overdue
FROM effects
WHERE kind = 'message' AND (state IN ('planned', 'sending', 'unknown') OR settled_at >= :since)
GROUP BY state
ORDER BY state
