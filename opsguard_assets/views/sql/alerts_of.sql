-- Returns alerts by number, with their newest priority where they were triaged.
SELECT a.*, p.priority, p.action_probability, p.reasons AS priority_reasons, p.basis AS priority_basis
FROM alerts AS a
LEFT JOIN alert_priorities AS p USING (alert_id)
WHERE a.alert_id = ANY (:alert_ids)
ORDER BY a.alert_id
