-- Minutes expected and online by device and local day, by overlaps of pairs of spans: everything with everything.
-- `options` holds maintenance_us, since_at and upto_at (the view), `days` the local days of devices.
WITH view AS (SELECT epoch_us(since_at) AS lo, epoch_us(upto_at) AS hi, maintenance_us FROM options),
timed AS (
    SELECT device_id, epoch_us(installed_at) AS installed, CAST(round(reports_every_minutes * 60e6) AS BIGINT) AS every
    FROM devices WHERE reports_every_minutes > 0
), seen AS (
    SELECT h.device_id, epoch_us(h.first_at) AS first, epoch_us(h.last_at) AS last, h.online_minutes * 60e6 AS online
    FROM device_hourly AS h JOIN timed USING (device_id), view
    WHERE h.online_minutes > 0 AND epoch_us(h.hour_at) >= lo - lo % 3600000000 AND epoch_us(h.hour_at) < hi
), service AS (
    SELECT t.device_id, every, greatest(lo, coalesce(installed, (SELECT min(first) FROM seen AS s
                                                                 WHERE s.device_id = t.device_id), hi)) AS begun
    FROM timed AS t, view
), points AS (
    SELECT device_id, first, last, 1 AS is_report FROM seen
    UNION ALL SELECT device_id, begun, begun, 0 FROM service
    UNION ALL SELECT device_id, hi, hi, 2 FROM service, view
), gaps AS (
    SELECT device_id, last AS since, is_report AS from_report,
           lead(first) OVER w AS until, lead(is_report) OVER w AS to_report
    FROM (SELECT p.* FROM points AS p JOIN service AS s USING (device_id) WHERE is_report <> 1 OR last >= begun)
    WINDOW w AS (PARTITION BY device_id ORDER BY CASE is_report WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE 2 END, first)
), offline AS (
    SELECT g.device_id, since + CASE from_report WHEN 1 THEN every // 2 ELSE 0 END AS b,
           until - CASE to_report WHEN 1 THEN every // 2 ELSE 0 END AS e
    FROM gaps AS g JOIN service USING (device_id) WHERE until - since > 1.5 * every
    UNION ALL
    SELECT device_id, first, first + CAST(round((last - first) * (1 - least(1, online / (
           (floor((last - first) / every + 0.5) + 1) * every)))) AS BIGINT)
    FROM seen JOIN service USING (device_id)
), house AS (
    SELECT min(epoch_us(first_at)) AS first, max(epoch_us(last_at)) AS last FROM device_hourly, view
    WHERE reports > 0 AND epoch_us(hour_at) >= lo - lo % 3600000000 AND epoch_us(hour_at) < hi GROUP BY hour_at
), edges AS (
    SELECT first, last FROM house UNION ALL SELECT lo, lo FROM view UNION ALL SELECT hi, hi FROM view
), blind AS (
    SELECT b, e FROM (SELECT last AS b, lead(first) OVER (ORDER BY first, last) AS e FROM edges)
    WHERE e - b >= greatest(3600000000, 1.5 * (SELECT min(every) FROM timed))
), cuts AS (
    SELECT device_id, b, e FROM blind, timed
    UNION ALL
    SELECT device_id, greatest(lo, epoch_us("at")), epoch_us("at") + maintenance_us
    FROM device_events JOIN timed USING (device_id), view WHERE kind = 'maintenance'
    UNION ALL
    SELECT device_id, greatest(lo, epoch_us("at")), coalesce((
        SELECT min(greatest(first, epoch_us(x."at"))) FROM seen AS s
        WHERE s.device_id = x.device_id AND s.last > greatest(lo, epoch_us(x."at"))), hi)
    FROM device_events AS x JOIN timed USING (device_id), view
    WHERE kind = 'removed' AND (installed IS NULL OR epoch_us("at") >= installed)
), numbered AS (
    SELECT *, max(e) OVER (PARTITION BY device_id ORDER BY b, e ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach
    FROM cuts WHERE e > b
), islands AS (
    SELECT device_id, min(b) AS b, max(e) AS e FROM (
        SELECT *, count(*) FILTER (WHERE reach IS NULL OR b > reach) OVER (PARTITION BY device_id ORDER BY b, e) AS island
        FROM numbered) GROUP BY device_id, island
), stretches AS (
    SELECT d.device_id, d.day, greatest(epoch_us(d.begins_at), begun) AS b, least(epoch_us(d.ends_at), hi) AS e
    FROM days AS d JOIN service USING (device_id), view
), expected AS (
    SELECT s.device_id, s.day, s.b, s.e, s.e - s.b - coalesce((
        SELECT sum(greatest(0, least(s.e, i.e) - greatest(s.b, i.b))) FROM islands AS i
        WHERE i.device_id = s.device_id), 0) AS expected
    FROM stretches AS s WHERE s.e > s.b
)
SELECT x.device_id, x.day, x.expected / 60e6 AS denominator, (x.expected - coalesce((
    SELECT sum(greatest(0, least(x.e, o.e) - greatest(x.b, o.b))
           - coalesce((SELECT sum(greatest(0, least(x.e, o.e, i.e) - greatest(x.b, o.b, i.b))) FROM islands AS i
                       WHERE i.device_id = o.device_id), 0))
    FROM offline AS o WHERE o.device_id = x.device_id), 0)) / 60e6 AS numerator
FROM expected AS x WHERE x.expected > 0
ORDER BY x.device_id, x.day
