-- Returns what was decided about playbooks and alerts, in the order of decisions.
SELECT a.entity_id, d.decision FROM trigger_decisions AS d JOIN alerts AS a USING (alert_id) ORDER BY d.at, d.alert_id
