-- Returns alerts in some states with their newest priority, the most severe first, then those seen first. A filter that is null asks for
-- everything; severities are ranked by their place in `severities`, because they are plain text.
SELECT a.*, p.priority, p.action_probability, p.reasons AS priority_reasons, p.basis AS priority_basis
FROM alerts AS a LEFT JOIN alert_priorities AS p USING (alert_id)
WHERE state = ANY (:states)
  AND (CAST(:alert_type AS text) IS NULL OR alert_type = :alert_type)
  AND severity = ANY (:asked)
  AND (CAST(:clients AS text[]) IS NULL OR client_id = ANY (:clients))
  AND (CAST(:sites AS text[]) IS NULL OR site_id = ANY (:sites))
ORDER BY array_position(CAST(:severities AS text[]), severity) DESC, score DESC NULLS FIRST, first_seen_at, alert_id
LIMIT :limit
