-- Mean minutes from alerts to their ends.
SELECT m.client_id, m.month, count(*) AS denominator, avg(epoch_us(e.over_at) - epoch_us(e.raised_at)) / 60e6 AS value
FROM alert_episodes AS e
JOIN months AS m ON m.client_id = e.client_id AND e.over_at >= m.starts_at AND e.over_at < m.ends_at
WHERE NOT e.was_suppressed
  AND coalesce(e.resolution, '') NOT IN ('grouped under its site', 'expired', 'told by another alert')
GROUP BY m.client_id, m.month ORDER BY m.client_id, m.month
