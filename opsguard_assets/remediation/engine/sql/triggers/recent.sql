-- Returns when playbooks last ran about some entities, or are to run: since a moment.
SELECT e.playbook, e.entity_type, e.entity_id, max(e.triggered_at) AS at
FROM executions AS e
JOIN jsonb_to_recordset(CAST(:entities AS jsonb)) AS r (entity_type text, entity_id text)
    ON r.entity_type = e.entity_type AND r.entity_id = e.entity_id
WHERE e.playbook = ANY (:playbooks) AND e.triggered_at > :since AND e.undo_of IS NULL
AND (e.begun_at IS NOT NULL OR e.ended_at IS NULL)
GROUP BY e.playbook, e.entity_type, e.entity_id
