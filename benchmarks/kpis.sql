-- One group-by of each table by client, site and month of UTC. Names in braces stand for the files of a table.
SELECT s.client_id, s.site_id, date_trunc('month', c.resolution_due_at) AS month,
    count(*),
    count(*) FILTER (WHERE c.ended_at <= c.resolution_due_at),
    count(*) FILTER (WHERE c.response_at <= c.response_due_at),
    avg(sentiment)
FROM {tables__tickets} AS t
JOIN {tables__sla_clocks} AS c USING (ticket_id)
JOIN {tables__sites} AS s ON s.site_id = t.site_id
GROUP BY ALL;
SELECT s.client_id, s.site_id, date_trunc('month', expected_from_at) AS month,
    count(*),
    count(*) FILTER (WHERE verdict = 'on_time'),
    count(*) FILTER (WHERE verdict <> 'no_show')
FROM {tables__shift_compliance} AS t
JOIN {tables__sites} AS s ON s.site_id = t.site_id
GROUP BY ALL;
SELECT s.client_id, s.site_id, date_trunc('month', due_at) AS month,
    sum(checkpoints),
    sum(checkpoints_done) FILTER (WHERE completed_at <= due_at)
FROM {tables__tours} AS t
JOIN {tables__sites} AS s ON s.site_id = t.site_id
GROUP BY ALL;
SELECT s.client_id, s.site_id, date_trunc('month', punched_in_at) AS month,
    count(*),
    count(*) FILTER (WHERE abs(t.latitude - s.latitude) > 0.001)
FROM {tables__attendance} AS t
JOIN {tables__sites} AS s ON s.site_id = t.site_id
GROUP BY ALL;
SELECT s.client_id, s.site_id, date_trunc('month', t.due_at) AS month,
    count(*),
    count(*) FILTER (WHERE completed_at <= due_at),
    count(*) FILTER (WHERE is_planned),
    count(*) FILTER (WHERE is_rework_of IS NOT NULL)
FROM {tables__work_orders} AS t
JOIN {tables__sites} AS s ON s.site_id = t.site_id
GROUP BY ALL;
SELECT s.client_id, s.site_id, date_trunc('month', t.at) AS month,
    count(*),
    median(date_diff('second', t.at, acknowledged_at)) FILTER (WHERE severity <> 'low')
FROM {tables__external_alerts} AS t
JOIN {tables__sites} AS s ON s.site_id = t.site_id
GROUP BY ALL;
SELECT s.client_id, s.site_id, date_trunc('month', t.at) AS month,
    median(date_diff('second', t.at, responded_at)) FILTER (WHERE severity <> 'low'),
    count(*) FILTER (WHERE severity = 'critical')
FROM {tables__security_events} AS t
JOIN {tables__sites} AS s ON s.site_id = t.site_id
GROUP BY ALL;
SELECT s.client_id, s.site_id, date_trunc('month', hour_at) AS month,
    sum(online_minutes),
    sum(expected_minutes)
FROM {devices__device_hourly} AS t
JOIN {tables__devices} AS d USING (device_id)
JOIN {tables__sites} AS s ON s.site_id = d.site_id
GROUP BY ALL
