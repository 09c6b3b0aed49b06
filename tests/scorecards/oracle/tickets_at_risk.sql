-- Open tickets at the last tick within half an hour before the month's end (or the end of data), by what it had said.
WITH last AS (
    SELECT m.client_id, m.month, max(t.as_of) AS as_of
    FROM months AS m JOIN watermarks AS w ON w.feed = 'tickets/sla_risk'
    JOIN ticks AS t ON t.job = 'score_sla_job' AND t.as_of <= least(m.ends_at, w.through_at)
     AND t.as_of >= least(m.ends_at, w.through_at) - to_minutes(30)
    WHERE m.starts_at < least(m.ends_at, w.through_at)
    GROUP BY m.client_id, m.month
)
SELECT l.client_id, l.month, count(*) FILTER (WHERE r.risk >= 0.7) AS numerator, count(*) AS denominator
FROM last AS l JOIN sla_risk AS r ON r.client_id = l.client_id AND r.as_of = l.as_of
WHERE r.state <> 'breached'
GROUP BY l.client_id, l.month ORDER BY l.client_id, l.month
