-- Median minutes until somebody acts on urgent incidents, by their records. A closed record without it says nothing.
WITH waited AS (
    SELECT m.client_id, m.month, e.responded_at IS NOT NULL AS is_answered,
           greatest(0, epoch_us(coalesce(e.responded_at, w.through_at)) - epoch_us(e."at")) / 60e6 AS minutes
    FROM security_events AS e
    JOIN sites AS s ON s.site_id = e.site_id
    JOIN months AS m ON m.client_id = s.client_id AND e."at" >= m.starts_at AND e."at" < m.ends_at
    JOIN watermarks AS w ON w.feed = 'security_events'
    WHERE e.severity IN ('high', 'critical') AND e.is_false_alarm IS NOT true
      AND (e.responded_at IS NOT NULL OR e.resolved_at IS NULL)
)
SELECT client_id, month, count(*) FILTER (WHERE is_answered) AS numerator, count(*) AS denominator,
       median(minutes) AS value
FROM waited GROUP BY client_id, month ORDER BY client_id, month
