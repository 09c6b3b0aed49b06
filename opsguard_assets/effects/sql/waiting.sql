-- How many effects per state are due and wait only because the circuit of their target is open; those that this lease
-- has tried are not counted again.
SELECT e.state, count(*) AS number
FROM effects AS e
JOIN effect_circuits AS c ON c.target = e.target AND c.open_until > :now
WHERE e.kind = :kind AND e.target = ANY (:targets) AND e.due_at <= :now AND e.lease IS DISTINCT FROM CAST(:lease AS uuid)
AND (e.state IN ('planned', 'sending') OR (e.state = 'unknown' AND :can_tell))
GROUP BY e.state
