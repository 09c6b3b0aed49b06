-- Settles an effect that is being handed over, where the worker still holds its lease (the fencing token).
-- What was only asked about was not handed over again (`unsent`). Returns its number, and whether its target was in trouble; no
-- row where the lease was lost.
WITH settled AS (
    UPDATE effects
    SET state = :state, answer = :words, due_at = :due_at, attempts = attempts - :unsent,
        settled_at = CASE WHEN :state = 'planned' THEN NULL ELSE CAST(:at AS timestamptz) END,
        settled_by = CASE WHEN :state = 'planned' THEN NULL ELSE :actor END
    WHERE effect_id = :effect_id AND state = 'sending' AND lease = CAST(:lease AS uuid)
    RETURNING effect_id, target
),
noted AS (
    INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
    SELECT effect_id, :at, :actor, 'sending', :state, :words FROM settled
)
SELECT
    settled.effect_id,
    EXISTS (
        SELECT FROM effect_circuits AS c
        WHERE c.target = settled.target AND (c.failures > 0 OR c.open_until IS NOT NULL)
    ) AS is_in_trouble
FROM settled
