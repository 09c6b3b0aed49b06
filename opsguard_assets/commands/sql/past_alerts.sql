-- Returns what may have started playbooks within a period: transitions by which alerts were raised, reopened or got
-- graver, each with its alert, its episode and the priority that it had within the following half hour. An alert that
-- was opened again by an undo begins no episode: as in alerts.openings.
WITH touched AS (
    -- Nothing is recorded before it happens: what was recorded since is found by its index.
    SELECT DISTINCT alert_id FROM alert_transitions
    WHERE recorded_at >= :since AND at >= :since AND at < :until AND withdrawal_id IS NULL
), moved AS (
    SELECT t.transition_id, t.alert_id, t.at, t.from_state, t.to_state, t.resolution, t.severity, t.actor,
           lag(t.severity) OVER life AS severity_before,
           count(*) FILTER (WHERE t.from_state IS NULL OR (t.from_state = 'resolved' AND t.to_state <> 'resolved'
                                                           AND t.actor NOT LIKE 'playbook %'))
               OVER life AS opening
    FROM alert_transitions AS t JOIN touched USING (alert_id)
    WHERE t.withdrawal_id IS NULL
    WINDOW life AS (PARTITION BY t.alert_id ORDER BY t.transition_id)
), episodes AS (
    SELECT alert_id, opening, min(at) FILTER (WHERE to_state = 'resolved') AS over_at,
           min(at) FILTER (WHERE to_state = 'acknowledged') AS acknowledged_at
    FROM moved GROUP BY alert_id, opening
), starts AS (
    SELECT *, CASE WHEN to_state <> 'open' THEN NULL
                   WHEN from_state IS NULL THEN 'raised'
                   WHEN from_state = 'resolved' AND actor NOT LIKE 'playbook %' THEN 'reopened'
                   WHEN array_position(ARRAY['low', 'medium', 'high', 'critical'], severity)
                        > array_position(ARRAY['low', 'medium', 'high', 'critical'], severity_before)
                   THEN 'severity_raised' END AS transition
    FROM moved WHERE at >= :since AND at < :until
), priorities AS (
    SELECT DISTINCT ON (s.transition_id) s.transition_id, c.to_priority
    FROM starts AS s JOIN alert_priority_changes AS c USING (alert_id)
    WHERE s.transition IS NOT NULL AND c.as_of <= s.at + interval '30 minutes'
    ORDER BY s.transition_id, c.change_id DESC
)
SELECT s.alert_id, s.opening, s.at, s.transition, a.alert_type, a.client_id, a.site_id, a.entity_type, a.entity_id,
       coalesce(s.severity, a.severity) AS severity, p.to_priority AS priority, e.over_at, e.acknowledged_at
FROM starts AS s JOIN alerts AS a USING (alert_id) JOIN episodes AS e USING (alert_id, opening)
LEFT JOIN priorities AS p USING (transition_id)
WHERE s.transition IS NOT NULL
ORDER BY s.at, s.transition_id
