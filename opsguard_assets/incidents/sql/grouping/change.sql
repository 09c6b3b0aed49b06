-- Brings incidents up to date and notes changes of state. One that opens again begins its chain again, at once.
WITH changed AS (
    SELECT *
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        incident_id bigint, was text, state text, severity text, priority smallint, title text, joined integer,
        unresolved integer, is_shown boolean, detail text
    )
),
noted AS (
    INSERT INTO incident_transitions (incident_id, at, actor, from_state, to_state, detail)
    SELECT incident_id, :at, :actor, was, state, detail FROM changed WHERE was <> state
)
UPDATE incidents AS i SET
    state = c.state,
    severity = c.severity,
    priority = c.priority,
    title = c.title,
    alerts = i.alerts + c.joined,
    unresolved = c.unresolved,
    version = i.version + CASE WHEN c.is_shown THEN 1 ELSE 0 END,
    updated_at = :at,
    acknowledged_at = CASE
        WHEN c.state = c.was OR c.state = 'resolved' THEN i.acknowledged_at
        WHEN c.state = 'acknowledged' THEN CAST(:at AS timestamptz)
    END,
    acknowledged_by = CASE
        WHEN c.state = c.was OR c.state = 'resolved' THEN i.acknowledged_by WHEN c.state = 'acknowledged' THEN :actor
    END,
    acknowledged_priority = CASE
        WHEN c.state = c.was OR c.state = 'resolved' THEN i.acknowledged_priority
        WHEN c.state = 'acknowledged' THEN c.priority
    END,
    resolved_at = CASE WHEN c.state = 'resolved' THEN CAST(:at AS timestamptz) END,
    chain_base = CASE WHEN c.was = 'acknowledged' AND c.state = 'open' THEN i.chain_step + 1 ELSE i.chain_base END,
    next_step_at = CASE
        WHEN c.state <> 'open' THEN NULL
        WHEN c.was = 'acknowledged' THEN CAST(:at AS timestamptz)
        ELSE i.next_step_at
    END
FROM changed AS c
WHERE i.incident_id = c.incident_id
