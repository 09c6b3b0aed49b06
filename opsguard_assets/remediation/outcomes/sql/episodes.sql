-- Returns the episodes of alerts that were raised or reopened within a period, as they stood at its end: when a person
-- took them, when they were over and how, and when a monitor saw the cause clear. What a playbook does is no person's;
-- an alert that was opened again by an undo begins no episode: as in alerts.openings.
WITH touched AS (
    SELECT DISTINCT alert_id FROM alert_transitions
    WHERE recorded_at >= :since AND at >= :since AND at <= :as_of AND withdrawal_id IS NULL
), moved AS (
    SELECT t.*, count(*) FILTER (WHERE t.from_state IS NULL OR (t.from_state = 'resolved' AND t.to_state <> 'resolved'
                                                                AND t.actor NOT LIKE 'playbook %'))
               OVER (PARTITION BY t.alert_id ORDER BY t.transition_id) AS opening
    FROM alert_transitions AS t JOIN touched USING (alert_id)
    WHERE t.withdrawal_id IS NULL AND t.at <= :as_of
), episodes AS (
    SELECT alert_id, opening, min(at) AS raised_at,
           min(at) FILTER (WHERE to_state = 'acknowledged' AND from_state <> 'acknowledged'
                           AND actor NOT LIKE 'playbook %') AS taken_at,
           (array_agg(at ORDER BY transition_id DESC)
               FILTER (WHERE (to_state = 'resolved') <> (from_state = 'resolved')))[1] AS ended_at,
           (array_agg(resolution ORDER BY transition_id DESC)
               FILTER (WHERE (to_state = 'resolved') <> (from_state = 'resolved')))[1] AS resolution,
           (array_agg(to_state ORDER BY transition_id DESC))[1] = 'resolved' AS is_over,
           min(at) FILTER (WHERE to_state = 'resolved' AND from_state = 'resolved') AS forgiven_at,
           bool_or(to_state = 'suppressed') AS was_suppressed,
           (array_agg(severity ORDER BY transition_id))[1] AS severity
    FROM moved GROUP BY alert_id, opening
), following AS (
    SELECT *, CASE WHEN is_over THEN ended_at END AS over_at,
           lead(raised_at) OVER (PARTITION BY alert_id ORDER BY opening) AS reopened_at
    FROM episodes
)
SELECT f.alert_id, f.opening, a.alert_type, a.entity_type, a.entity_id, a.client_id, a.site_id,
       coalesce(f.severity, a.severity) AS severity, f.raised_at, f.taken_at, f.over_at, f.resolution,
       CASE WHEN f.resolution = ANY (CAST(:seen AS text[])) THEN f.over_at ELSE f.forgiven_at END AS cleared_at,
       f.reopened_at, CASE WHEN f.reopened_at IS NULL THEN least(a.last_seen_at, :as_of) END AS last_seen_at,
       f.was_suppressed
FROM following AS f JOIN alerts AS a USING (alert_id)
WHERE f.raised_at >= :since
ORDER BY f.raised_at, f.alert_id, f.opening
