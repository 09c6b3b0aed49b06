-- Returns every decision about some incidents, with the state of its message.
SELECT
    n.incident_id, n.decided_at, n.kind, n.audience, n.person_id, n.channel, n.address, n.decision, n.reason, n.rule,
    n.due_at, e.state, e.settled_at, e.answer
FROM notices AS n
LEFT JOIN effects AS e USING (effect_id)
WHERE n.incident_id = ANY (:incident_ids)
ORDER BY n.notice_id DESC
