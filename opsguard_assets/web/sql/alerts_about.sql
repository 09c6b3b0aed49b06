-- Returns client and type of the alerts that a link or a button is about: those that an incident holds now, else one.
SELECT a.client_id, a.alert_type FROM alerts AS a WHERE :kind = 'alert' AND a.alert_id = :number
UNION ALL
SELECT a.client_id, a.alert_type FROM incident_alerts AS i JOIN alerts AS a USING (alert_id)
WHERE :kind = 'incident' AND i.incident_id = :number AND i.left_at IS NULL
UNION ALL
SELECT a.client_id, a.alert_type FROM approvals AS p JOIN executions AS e USING (execution_id)
JOIN alerts AS a USING (alert_id)
WHERE :kind = 'approval' AND p.approval_id = :number
UNION ALL
SELECT a.client_id, a.alert_type FROM shift_offers AS o JOIN executions AS e USING (execution_id)
JOIN alerts AS a USING (alert_id)
WHERE :kind = 'offer' AND o.offer_id = :number
