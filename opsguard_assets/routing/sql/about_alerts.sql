-- Returns every decision about the incidents that some alerts are in, with the state of its message.
SELECT
    n.incident_id, n.decided_at, n.kind, n.audience, n.person_id, n.channel, n.address, n.decision, n.reason, n.rule,
    n.due_at, e.state, e.settled_at, e.answer
FROM incident_alerts AS m
JOIN notices AS n USING (incident_id)
LEFT JOIN effects AS e USING (effect_id)
WHERE m.alert_id = ANY (:alert_ids) AND m.left_at IS NULL
ORDER BY n.notice_id DESC
