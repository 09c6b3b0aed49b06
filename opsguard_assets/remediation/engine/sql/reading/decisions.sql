-- Returns why playbooks ran about an alert or did not, the newest first.
SELECT playbook, opening, decision, reason, at, execution_id
FROM trigger_decisions
WHERE alert_id = :alert_id
ORDER BY at DESC, playbook
