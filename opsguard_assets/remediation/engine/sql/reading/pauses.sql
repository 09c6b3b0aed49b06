-- Returns the playbooks that paused themselves beside the unresolved alerts that say so; one of both may be absent.
SELECT p.playbook, p.paused_at, p.paused_why, a.alert_id
FROM (
    SELECT playbook, paused_at, paused_why FROM playbooks
    WHERE paused_at IS NOT NULL AND paused_by = :breaker AND removed_at IS NULL
) AS p
FULL JOIN (
    SELECT alert_id, entity_id FROM alerts WHERE alert_type = :alert_type AND state <> 'resolved'
) AS a ON a.entity_id = p.playbook
ORDER BY p.playbook
