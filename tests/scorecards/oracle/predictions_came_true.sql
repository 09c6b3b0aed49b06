-- First announcements of each life of an entity and month, on which nobody acted, and those that came true.
WITH dated AS (
    SELECT m.month, s.* FROM scores AS s
    JOIN months AS m ON m.client_id = s.client_id AND s.settled_at >= m.starts_at AND s.settled_at < m.ends_at
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY problem, client_id, month, entity, unit ORDER BY as_of) AS place,
           min(as_of) OVER (PARTITION BY problem, client_id, month, entity, unit) AS began_at
    FROM dated
), announced AS (
    SELECT r.*, d.began_at AS first_at
    FROM (SELECT * FROM ranked WHERE risk >= alert_from
          QUALIFY row_number() OVER (PARTITION BY problem, client_id, month, entity, unit ORDER BY as_of) = 1) AS r
    JOIN (SELECT DISTINCT problem, client_id, month, entity, unit, began_at FROM ranked) AS d
      USING (problem, client_id, month, entity, unit)
), acted AS (
    SELECT alert_type, entity_id, taken_at AS acted_at FROM alert_episodes WHERE taken_at IS NOT NULL
    UNION ALL
    SELECT e.alert_type, e.entity_id, x.acted_at FROM executions AS x JOIN alert_episodes AS e USING (alert_id, opening)
    WHERE x.mode <> 'shadow' AND x.acted_at IS NOT NULL
    UNION ALL
    SELECT alert_type, entity_id, acted_at FROM escalated
)
SELECT client_id, month, count(*) AS denominator, count(*) FILTER (WHERE is_event) AS numerator,
       sum(risk) AS value
FROM announced AS a
WHERE NOT EXISTS (SELECT 1 FROM acted AS x WHERE x.alert_type = a.alert_type AND x.entity_id = a.entity_id
                  AND x.acted_at >= a.first_at AND x.acted_at <= a.settled_at)
GROUP BY client_id, month ORDER BY client_id, month
