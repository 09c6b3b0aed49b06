-- Returns the transitions of alerts that may start a playbook and that no trigger has looked at: the beginning of an
-- episode, or a severity that rose in it. Only of alerts that are open now and triaged in this episode, or that have
-- waited for it long enough; of each alert the first one. An alert that was opened again by an undo begins no episode:
-- it counts no opening. `+ 0` keeps the look-up to the index of alerts, whatever the planner takes the table for.
WITH recent AS (
    SELECT t.transition_id, t.alert_id, t.recorded_at, t.actor, t.from_state, t.to_state, t.severity,
        array_position(ARRAY['low', 'medium', 'high', 'critical'], t.severity) AS rank
    FROM alert_transitions AS t
    LEFT JOIN trigger_looks AS l USING (alert_id)
    WHERE t.recorded_at > :since AND t.transition_id > COALESCE(l.transition_id, 0)
),
judged AS (
    SELECT r.*, CASE
        WHEN r.from_state IS NULL AND r.to_state = 'open' AND a.openings = 1 THEN 'raised'
        WHEN r.from_state = 'resolved' AND r.to_state = 'open' AND a.openings > 1 AND r.actor NOT LIKE 'playbook %'
        THEN 'reopened'
        WHEN r.from_state = r.to_state AND r.rank > array_position(
            ARRAY['low', 'medium', 'high', 'critical'],
            (SELECT b.severity FROM alert_transitions AS b
             WHERE b.alert_id = r.alert_id AND b.transition_id + 0 < r.transition_id AND b.severity IS NOT NULL
             ORDER BY b.transition_id + 0 DESC LIMIT 1)
        ) THEN 'severity_raised'
    END AS kind
    FROM recent AS r
    JOIN alerts AS a USING (alert_id)
    WHERE a.state IN ('open', 'acknowledged')
)
SELECT
    a.alert_id, a.openings AS opening, j.transition_id, j.kind, j.recorded_at, a.dedup_key, a.alert_type, a.entity_type,
    a.entity_id, a.client_id, a.site_id, a.severity, a.state, a.title, p.priority, m.incident_id
FROM judged AS j
JOIN alerts AS a USING (alert_id)
LEFT JOIN alert_priorities AS p ON p.alert_id = a.alert_id AND p.opening = a.openings
LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id AND m.left_at IS NULL
WHERE j.kind IS NOT NULL AND (p.alert_id IS NOT NULL OR j.recorded_at < :patience)
ORDER BY j.transition_id
