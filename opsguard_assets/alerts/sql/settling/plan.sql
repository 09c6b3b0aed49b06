-- Makes `plan`: what follows for each finding of `f`, the decision, and the alert and mute as they were. The last alert
-- of a key is the only one that can be unresolved; one that only withdrawn ticks raised never was. The first condition
-- that holds decides. `+ 0` keeps the look-up to the index of keys: after a storm the planner may take the table for
-- empty, and then a walk through the primary key for as cheap.
CREATE TEMP TABLE plan ON COMMIT DROP AS
WITH known AS (
    SELECT f.*, a.alert_id, a.state, a.severity AS old_severity, a.alert_type AS old_type,
           a.state_before_mute, a.awaits_clearing, a.resolution, a.resolved_at, m.mute_id,
           array_position(ARRAY['low', 'medium', 'high', 'critical'], f.severity) AS rank,
           array_position(ARRAY['low', 'medium', 'high', 'critical'], a.severity) AS old_rank
    FROM f
    LEFT JOIN LATERAL (
        SELECT * FROM alerts
        WHERE alerts.dedup_key = f.dedup_key AND resolution IS DISTINCT FROM 'withdrawn'
        ORDER BY alert_id + 0 DESC LIMIT 1
    ) AS a ON true
    LEFT JOIN LATERAL (
        SELECT mute_id FROM mutes
        WHERE CAST(:as_of AS timestamptz) >= begins_at AND CAST(:as_of AS timestamptz) < ends_at
          AND f.alert_type <> ALL (CAST(:life_safety AS text[]))
          AND (mutes.alert_type IS NULL OR mutes.alert_type = f.alert_type)
          AND (mutes.entity_id IS NULL OR mutes.entity_id = f.entity_id)
          AND (mutes.site_id IS NULL OR mutes.site_id = f.site_id)
          AND (mutes.client_id IS NULL OR mutes.client_id = f.client_id)
        ORDER BY mute_id LIMIT 1
    ) AS m ON true
)
SELECT *, CASE
    WHEN state <> 'resolved' AND withheld = ANY (CAST(:ending AS text[])) THEN withheld
    WHEN state <> 'resolved' AND mute_id IS NOT NULL THEN 'muted'
    WHEN state = 'suppressed' THEN 'mute ended'
    WHEN state <> 'resolved' AND is_raising THEN 'refreshed'
    WHEN state <> 'resolved' THEN 'held by hysteresis'
    WHEN NOT is_raising THEN 'below the threshold'
    WHEN withheld IS NOT NULL THEN withheld
    WHEN awaits_clearing AND rank <= old_rank THEN 'resolved ' || resolution
    WHEN mute_id IS NOT NULL THEN 'muted'
    WHEN resolution = ANY (CAST(:comes_back AS text[]))
        AND resolved_at >= CAST(:as_of AS timestamptz) - CAST(:reopen_within AS interval) THEN 'reopened'
    ELSE 'raised'
  END AS decision
FROM known
