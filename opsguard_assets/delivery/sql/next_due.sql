-- Returns when the next work of the delivery is due: a message of a channel that is there, once it answers; a step of an
-- escalation chain; a digest. Null where nothing is. Each part reads an index of what is unsettled.
SELECT LEAST(
    (SELECT min(GREATEST(e.due_at, c.open_until))
     FROM effects AS e LEFT JOIN effect_circuits AS c USING (target)
     WHERE e.kind = 'message' AND e.state IN ('planned', 'sending', 'unknown') AND e.target = ANY (:targets)
     AND (e.state <> 'unknown' OR e.target = ANY (:telling))),
    (SELECT min(next_step_at) FROM incidents WHERE next_step_at IS NOT NULL),
    (SELECT min(due_at) FROM notices WHERE decision = 'digest' AND in_digest IS NULL),
    (SELECT min(created_at) FROM escalation_notices WHERE decided_at IS NULL)
) AS due_at
