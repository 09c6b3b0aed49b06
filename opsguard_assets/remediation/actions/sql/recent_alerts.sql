-- Returns the alerts of an entity or of its site in a window, the newest first.
SELECT alert_id, alert_type, entity_id, severity, state, title, first_seen_at, last_seen_at, resolution
FROM alerts
WHERE (entity_type = :entity_type AND entity_id = :entity_id OR site_id = :site_id)
AND client_id IS NOT DISTINCT FROM :client_id
AND last_seen_at > :since AND first_seen_at <= :now AND alert_id <> :alert_id
ORDER BY last_seen_at DESC, alert_id DESC
LIMIT :rows
