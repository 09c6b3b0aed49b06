-- Median minutes until urgent alerts of other systems are acknowledged; unacknowledged ones count until data end.
WITH waited AS (
    SELECT m.client_id, m.month, e.acknowledged_at IS NOT NULL AS is_answered,
           greatest(0, epoch_us(coalesce(e.acknowledged_at, w.through_at)) - epoch_us(e."at")) / 60e6 AS minutes
    FROM external_alerts AS e
    JOIN sites AS s ON s.site_id = e.site_id
    JOIN months AS m ON m.client_id = s.client_id AND e."at" >= m.starts_at AND e."at" < m.ends_at
    JOIN watermarks AS w ON w.feed = 'external_alerts'
    WHERE e.severity IN ('high', 'critical') AND coalesce(e.resolution, '') NOT IN ('false_alarm', 'duplicate')
)
SELECT client_id, month, count(*) FILTER (WHERE is_answered) AS numerator, count(*) AS denominator,
       median(minutes) AS value
FROM waited GROUP BY client_id, month ORDER BY client_id, month
