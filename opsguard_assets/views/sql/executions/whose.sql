-- Returns the client, alert and incident that a link is about: an alert, an incident or an approval; no row otherwise.
SELECT a.client_id, a.alert_id FROM alerts AS a WHERE :kind = 'alert' AND a.alert_id = :number
UNION ALL
SELECT i.client_id, NULL FROM incidents AS i WHERE :kind = 'incident' AND i.incident_id = :number
UNION ALL
SELECT e.client_id, e.alert_id FROM approvals AS p JOIN executions AS e USING (execution_id)
WHERE :kind = 'approval' AND p.approval_id = :number
