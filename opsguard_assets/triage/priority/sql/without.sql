-- Counts the unresolved alerts, and those whose opening has no priority.
SELECT count(*) AS unresolved, count(*) FILTER (WHERE p.opening IS DISTINCT FROM a.openings) AS without
FROM alerts AS a LEFT JOIN alert_priorities AS p USING (alert_id)
WHERE a.state <> 'resolved'
