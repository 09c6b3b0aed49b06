-- Plans effects and begins their history; an effect whose key is there already stays as it is.
-- Returns the numbers and keys of the new ones.
WITH planned AS (
    INSERT INTO effects (kind, key, target, rank, payload, state, due_at, first_due_at, planned_at)
    SELECT :kind, r.key, r.target, r.rank, r.payload, 'planned', COALESCE(r.due_at, :at), r.due_at, :at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        key text, target text, rank double precision, payload jsonb, due_at timestamptz
    )
    ON CONFLICT (kind, key) DO NOTHING
    RETURNING effect_id, key
),
noted AS (
    INSERT INTO effect_transitions (effect_id, at, actor, to_state)
    SELECT effect_id, :at, :actor, 'planned' FROM planned
)
SELECT effect_id, key FROM planned
