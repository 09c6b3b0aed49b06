-- Alerts that ended, and those whose cause cleared after a playbook acted and without a person; a day of staying away.
WITH acted AS (
    SELECT * FROM executions WHERE acted_at IS NOT NULL AND mode <> 'shadow' AND undone_at IS NULL
), ended AS (
    SELECT m.client_id, m.month, e.*
    FROM alert_episodes AS e
    JOIN months AS m ON m.client_id = e.client_id AND e.over_at >= m.starts_at AND e.over_at < m.ends_at
    WHERE NOT e.was_suppressed
      AND coalesce(e.resolution, '') NOT IN ('grouped under its site', 'expired', 'told by another alert')
      AND EXISTS (SELECT 1 FROM acted AS x WHERE x.client_id = e.client_id AND x.acted_at < m.ends_at)
)
SELECT client_id, month, count(*) AS denominator, count(*) FILTER (
    WHERE resolution IN ('cleared', 'resolved at its source')
      AND (taken_at IS NULL OR taken_at > over_at)
      AND (reopened_at IS NULL OR reopened_at > over_at + to_hours(24))
      AND (SELECT min(x.acted_at) FROM acted AS x WHERE x.alert_id = e.alert_id AND x.opening = e.opening
           AND x.state <> 'unknown') BETWEEN raised_at AND over_at - to_microseconds(1)
) AS numerator
FROM ended AS e GROUP BY client_id, month ORDER BY client_id, month
