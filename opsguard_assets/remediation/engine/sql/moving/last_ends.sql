-- Returns how the last executions of a playbook ended that could show whether it works, since it was last resumed.
SELECT e.state
FROM executions AS e
JOIN playbooks AS p USING (playbook)
WHERE e.playbook = :playbook AND e.state IN ('succeeded', 'partial', 'failed', 'unknown') AND e.mode <> 'shadow'
AND e.undo_of IS NULL AND e.ended_at > COALESCE(p.judged_since, '-infinity')
ORDER BY e.ended_at DESC
LIMIT :last
