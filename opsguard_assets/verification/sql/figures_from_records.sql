-- Key figures of a month straight from records, as known at the moment of the scorecard: tables `work_orders`, `sites`,
-- `security_events` hold one row per thing; `month` holds the bounds of the month of each client.
WITH orders AS (
    SELECT o.due_at, o.created_at, o.completed_at AS done_at, coalesce(o.client_id, s.client_id) AS client_id
    FROM work_orders AS o LEFT JOIN sites AS s USING (site_id)
    WHERE o.due_at IS NOT NULL
    AND NOT (lower(coalesce(o.status, '')) IN ('cancelled', 'canceled', 'void') AND o.completed_at IS NULL)
)
SELECT 'vendor_jobs_in_time' AS kpi, m.client_id, count(*) FILTER (WHERE o.done_at <= o.due_at) AS numerator,
    count(*) AS denominator
FROM month AS m JOIN orders AS o USING (client_id)
WHERE least(o.due_at, o.done_at) >= m.starts_at AND least(o.due_at, o.done_at) < m.ends_at
GROUP BY m.client_id
UNION ALL
SELECT 'work_order_backlog', m.client_id, count(*) FILTER (WHERE o.due_at < m.ends_at), count(*)
FROM month AS m JOIN orders AS o USING (client_id)
WHERE o.created_at < m.ends_at AND (o.done_at IS NULL OR o.done_at >= m.ends_at)
GROUP BY m.client_id
UNION ALL
SELECT 'critical_security_events', m.client_id,
    count(*) FILTER (WHERE e.severity = 'critical' AND e.is_false_alarm IS NOT TRUE AND e.at >= m.starts_at), NULL
FROM month AS m JOIN sites AS s USING (client_id) JOIN security_events AS e USING (site_id)
WHERE e.at < m.ends_at
GROUP BY m.client_id
