-- Returns the decision behind a message about an execution, the execution, and where its reader has the first message.
SELECT
    n.reason, n.words, e.execution_id, e.playbook, e.alert_id, i.incident_id, i.state AS incident_state,
    first.reference, t.reference AS thread
FROM notices AS n
JOIN executions AS e USING (execution_id)
LEFT JOIN incident_alerts AS m ON m.alert_id = e.alert_id AND m.left_at IS NULL
LEFT JOIN incidents AS i ON i.incident_id = m.incident_id
LEFT JOIN notices AS first ON first.execution_id = n.execution_id AND first.message_key = :first_key
LEFT JOIN message_threads AS t
    ON t.incident_id = CAST(:incident_id AS bigint) AND t.channel = :channel AND t.address = :address
WHERE n.notice_id = :notice_id
