-- Returns which of some alerts ended because somebody looked: their monitor saw them clear, or their source says so.
SELECT alert_id FROM alerts
WHERE alert_id = ANY (:alert_ids) AND state = 'resolved'
AND resolution IN ('cleared', 'resolved at its source', 'grouped under its site', 'told by another alert')
