-- Takes the next effects of a kind that are due, the greatest rank first, and writes down that they are being handed
-- over. Returns them with the state in which each was found, and whether its target is in trouble; no row where nothing
-- is due. What is in doubt is taken alone or before others, never after them: the first one in doubt behind another
-- effect ends what is taken, and nothing overtakes it, for what follows may rest on how it ends.
-- Several workers take different rows (SKIP LOCKED). A worker takes a row once per lease, so that what it could not
-- hand over waits for a later one. `due_at` of a row that is being handed over is the end of its lease. What is in
-- doubt is taken up whatever its target, except that of another worker of the kind (`others`), and keeps the time at
-- which the doubt began: a worker that only asks about it, and dies, must not move that time.
WITH candidates AS (
    SELECT e.effect_id, e.state, e.sent_at, e.rank
    FROM effects AS e
    WHERE e.kind = :kind
    AND e.state IN ('planned', 'sending', 'unknown')
    AND e.due_at <= :now
    AND e.lease IS DISTINCT FROM CAST(:lease AS uuid)
    AND CASE e.state
        WHEN 'planned' THEN e.target = ANY (:targets)
        WHEN 'unknown' THEN :can_tell AND e.target = ANY (:targets)
        ELSE NOT e.target = ANY (:others)
    END
    AND NOT EXISTS (SELECT FROM effect_circuits AS c WHERE c.target = e.target AND c.open_until > :now)
    ORDER BY e.rank DESC, e.effect_id
    LIMIT :most
    FOR UPDATE SKIP LOCKED
),
placed AS (
    SELECT *, row_number() OVER (ORDER BY rank DESC, effect_id) AS place FROM candidates
),
claimed AS (
    UPDATE effects AS e
    SET state = 'sending', lease = CAST(:lease AS uuid), worker = :worker, due_at = :lease_until,
        sent_at = CASE next.state WHEN 'planned' THEN CAST(:now AS timestamptz) ELSE e.sent_at END,
        attempts = e.attempts + 1, settled_at = NULL, settled_by = NULL
    FROM placed AS next
    WHERE e.effect_id = next.effect_id
    AND NOT EXISTS (
        SELECT FROM placed AS doubt WHERE doubt.place BETWEEN 2 AND next.place AND doubt.state <> 'planned'
    )
    RETURNING e.effect_id, e.kind, e.key, e.idempotency_key, e.target, e.payload, next.state AS found_in, e.attempts,
        e.planned_at, next.sent_at AS sent_before, e.answer, CAST(e.lease AS text) AS lease, next.place
),
noted AS (
    INSERT INTO effect_transitions (effect_id, at, actor, from_state, to_state, detail)
    SELECT effect_id, :now, :actor, found_in, 'sending', target FROM claimed
)
SELECT
    claimed.*,
    EXISTS (
        SELECT FROM effect_circuits AS c
        WHERE c.target = claimed.target AND (c.failures > 0 OR c.open_until IS NOT NULL)
    ) AS is_in_trouble
FROM claimed
ORDER BY place
