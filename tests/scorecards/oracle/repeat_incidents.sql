-- Alerts raised, and those within 30 days after the end of one of the same cause and entity; an hour apart at least.
WITH told AS (
    SELECT * FROM alert_episodes
    WHERE NOT was_suppressed
      AND coalesce(resolution, '') NOT IN ('grouped under its site', 'expired', 'told by another alert')
), raised AS (
    SELECT m.client_id, m.month, e.raised_at, (
        SELECT max(b.over_at) FROM told AS b
        WHERE b.client_id = e.client_id AND b.cause = e.cause AND b.entity_type = e.entity_type
          AND b.entity_id = e.entity_id AND b.over_at < e.raised_at AND b.over_at >= e.raised_at - to_days(30)) AS before_at
    FROM told AS e
    JOIN months AS m ON m.client_id = e.client_id AND e.raised_at >= m.starts_at AND e.raised_at < m.ends_at
    WHERE e.opening = 1
)
SELECT client_id, month, count(*) AS denominator, count(before_at) AS numerator
FROM raised WHERE before_at IS NULL OR raised_at - before_at > to_minutes(60)
GROUP BY client_id, month ORDER BY client_id, month
