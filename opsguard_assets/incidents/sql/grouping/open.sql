-- Opens incidents and begins their history. Returns their numbers and groups.
WITH opened AS (
    INSERT INTO incidents (
        group_key, cause, client_id, site_id, title, state, severity, priority, is_life_safety, is_in_plan, alerts,
        unresolved, team, opened_at, updated_at, acknowledged_at, acknowledged_by, acknowledged_priority
    )
    SELECT
        r.group_key, r.cause, r.client_id, r.site_id, r.title, r.state, r.severity, r.priority, r.is_life_safety,
        r.is_in_plan, r.joined, r.unresolved, r.team, :at, :at,
        CASE WHEN r.state = 'acknowledged' THEN CAST(:at AS timestamptz) END,
        CASE WHEN r.state = 'acknowledged' THEN :actor END,
        CASE WHEN r.state = 'acknowledged' THEN r.priority END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        group_key text, cause text, client_id text, site_id text, title text, state text, severity text,
        priority smallint, is_life_safety boolean, is_in_plan boolean, joined integer, unresolved integer, team text
    )
    RETURNING incident_id, group_key, state
),
noted AS (
    INSERT INTO incident_transitions (incident_id, at, actor, to_state, detail)
    SELECT incident_id, :at, :actor, state, 'opened' FROM opened
)
SELECT incident_id, group_key FROM opened
