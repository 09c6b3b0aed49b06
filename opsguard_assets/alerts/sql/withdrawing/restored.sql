-- Makes `restored`: what the transitions that still count say of the other alerts. `t` is the last one, `r` resolved
-- it, `s` suppressed it, `o` opened it last, `b` is the last one before the withdrawn ones, `k` acknowledged it.
CREATE TEMP TABLE restored ON COMMIT DROP AS
WITH touched AS (
    SELECT alert_id, min(transition_id) AS first,
           count(*) FILTER (WHERE from_state = 'resolved' AND to_state <> 'resolved') AS reopened,
           (array_agg(substring(detail FROM '(\S+) became ') ORDER BY transition_id)
            FILTER (WHERE detail LIKE '% became %'))[1] AS old_type
    FROM undone WHERE alert_id NOT IN (SELECT alert_id FROM undone WHERE from_state IS NULL) GROUP BY alert_id
), counting AS (
    SELECT t.* FROM alert_transitions AS t JOIN touched USING (alert_id) WHERE t.withdrawal_id IS NULL
), told AS (
    SELECT touched.*, t.transition_id, r.at AS resolved_at,
           CASE WHEN t.to_state = 'resolved' THEN 'resolved'
                WHEN s.transition_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM counting AS c WHERE c.alert_id = touched.alert_id AND c.transition_id > s.transition_id
                    AND c.to_state <> 'suppressed' AND (c.actor = :monitor OR c.to_state = 'resolved'))
                THEN 'suppressed'
                WHEN t.to_state = 'suppressed' THEN 'acknowledged' ELSE t.to_state END AS state, r.actor AS resolved_by,
           coalesce(r.resolution, CASE r.actor WHEN :monitor THEN 'cleared' ELSE 'by a person' END) AS resolution,
           r.transition_id AS resolving, s.transition_id AS suppressing, s.from_state AS unsuppressed,
           o.transition_id AS opening, b.severity AS old_severity
    FROM touched
    JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id
                  ORDER BY transition_id DESC LIMIT 1) AS t ON true
    LEFT JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id AND c.to_state = 'resolved'
                       AND c.from_state IS DISTINCT FROM 'resolved' ORDER BY transition_id DESC LIMIT 1) AS r ON true
    LEFT JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id AND c.to_state = 'suppressed'
                       AND c.from_state IS DISTINCT FROM 'suppressed' ORDER BY transition_id DESC LIMIT 1) AS s ON true
    LEFT JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id AND c.to_state <> 'resolved'
                       AND (c.from_state IS NULL OR c.from_state = 'resolved')
                       ORDER BY transition_id DESC LIMIT 1) AS o ON true
    LEFT JOIN LATERAL (SELECT * FROM counting AS c WHERE c.alert_id = touched.alert_id
                       AND c.transition_id < touched.first ORDER BY transition_id DESC LIMIT 1) AS b ON true
)
SELECT told.*, k.at AS acknowledged_at, k.actor AS acknowledged_by,
       k.transition_id IS NOT NULL AND k.transition_id > coalesce(suppressing, 0) AS is_acknowledged_since
FROM told
LEFT JOIN LATERAL (
    SELECT * FROM counting AS c
    WHERE c.alert_id = told.alert_id AND c.actor <> :monitor AND c.transition_id > coalesce(told.opening, 0)
      AND (c.to_state = 'acknowledged' OR (c.from_state = 'suppressed' AND c.to_state = 'suppressed'))
    ORDER BY transition_id DESC LIMIT 1) AS k ON true
