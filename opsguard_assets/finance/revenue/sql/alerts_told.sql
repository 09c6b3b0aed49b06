-- Returns how many alerts somebody was told of, and how many of them a person took up, by client, month (of the zone)
-- and type. Told is what a channel took; a digest counts for all that it held.
WITH told AS (
    SELECT n.incident_id, min(e.settled_at) AS at
    FROM notices AS n
    LEFT JOIN notices AS d ON d.notice_id = n.in_digest
    JOIN effects AS e ON e.effect_id = coalesce(n.effect_id, d.effect_id)
    WHERE e.state = 'done' AND n.incident_id IS NOT NULL AND n.kind IN ('raised', 'chain')
    GROUP BY n.incident_id
), heard AS (
    SELECT DISTINCT ON (a.alert_id) a.alert_id, a.client_id, a.alert_type, a.acknowledged_at,
           greatest(t.at, i.joined_at) AS at
    FROM told AS t JOIN incident_alerts AS i USING (incident_id) JOIN alerts AS a USING (alert_id)
    WHERE a.client_id IS NOT NULL
    ORDER BY a.alert_id, greatest(t.at, i.joined_at)
)
SELECT client_id, CAST(date_trunc('month', at AT TIME ZONE :zone) AS date) AS month, alert_type, count(*) AS told,
       count(acknowledged_at) AS taken
FROM heard WHERE at >= :since AND at <= :as_of
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
