-- Settles effects that are being handed over, where the worker still holds their lease (the fencing token).
-- What was only asked about was not handed over again (`unsent`). Returns their numbers, and whether their targets were
-- in trouble; no row where the lease was lost.
WITH settled AS (
    UPDATE effects AS e
    SET state = r.state, answer = r.words, due_at = r.due_at, attempts = e.attempts - r.unsent,
        settled_at = CASE WHEN r.state = 'planned' THEN NULL ELSE r.at END,
        settled_by = CASE WHEN r.state = 'planned' THEN NULL ELSE :actor END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        effect_id bigint, lease uuid, state text, words text, due_at timestamptz, at timestamptz, unsent integer
    )
    WHERE e.effect_id = r.effect_id AND e.state = 'sending' AND e.lease = r.lease
    RETURNING e.effect_id, e.target, r.state, r.words, r.at
),
noted AS (
    INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
    SELECT effect_id, at, :actor, 'sending', state, words FROM settled
)
SELECT
    settled.effect_id,
    EXISTS (
        SELECT FROM effect_circuits AS c
        WHERE c.target = settled.target AND (c.failures > 0 OR c.open_until IS NOT NULL)
    ) AS is_in_trouble
FROM settled
