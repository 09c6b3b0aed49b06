-- Returns one alert with its newest priority.
SELECT a.*, p.priority, p.action_probability, p.reasons AS priority_reasons, p.basis AS priority_basis
FROM alerts AS a LEFT JOIN alert_priorities AS p USING (alert_id)
WHERE alert_id = :alert_id
