-- Returns alerts with their newest priority and who has their incident, the most severe first, then those seen first. A
-- filter that is null asks for everything; numbers are looked up by index. Severities are ranked by their place in
-- `severities`, because they are plain text.
SELECT
    a.*, p.priority, p.action_probability, p.reasons AS priority_reasons, p.basis AS priority_basis, i.owner_id
FROM alerts AS a
LEFT JOIN alert_priorities AS p USING (alert_id)
LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id AND m.left_at IS NULL
LEFT JOIN incidents AS i ON i.incident_id = m.incident_id AND i.state <> 'resolved'
WHERE (CAST(:alert_ids AS bigint[]) IS NULL OR a.alert_id = ANY (CAST(:alert_ids AS bigint[])))
  AND (CAST(:states AS text[]) IS NULL OR a.state = ANY (:states))
  AND (CAST(:alert_type AS text) IS NULL OR a.alert_type = :alert_type)
  AND (CAST(:asked AS text[]) IS NULL OR a.severity = ANY (:asked))
  AND (CAST(:clients AS text[]) IS NULL OR a.client_id = ANY (:clients))
  AND (CAST(:sites AS text[]) IS NULL OR a.site_id = ANY (:sites))
ORDER BY
    array_position(CAST(:severities AS text[]), a.severity) DESC, a.score DESC NULLS FIRST, a.first_seen_at, a.alert_id
LIMIT :limit
