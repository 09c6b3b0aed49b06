-- Returns what is attached to an alert, the newest first; with which playbook collected it.
SELECT t.attachment_id, t.kind, t.at, t.content, t.plot, t.execution_id, e.playbook
FROM alert_attachments AS t
LEFT JOIN executions AS e USING (execution_id)
WHERE t.alert_id = :alert_id
ORDER BY t.attachment_id DESC
LIMIT :limit
