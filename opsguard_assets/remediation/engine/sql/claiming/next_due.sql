-- Returns when there is something to do next: an execution, or one of their side effects that can be handed over. Null
-- where nothing is. Each part reads an index of what has not ended.
SELECT LEAST(
    (SELECT min(due_at) FROM executions WHERE ended_at IS NULL),
    (SELECT min(GREATEST(e.due_at, c.open_until))
     FROM effects AS e LEFT JOIN effect_circuits AS c USING (target)
     WHERE e.kind = 'remediation' AND e.state IN ('planned', 'sending', 'unknown')
     AND (e.state = 'sending' OR e.target = ANY (:targets)) AND (e.state <> 'unknown' OR e.target = ANY (:telling)))
) AS due_at
