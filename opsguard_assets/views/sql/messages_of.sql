-- Returns who was told about an incident or was not, in the order of the decisions, and how far each message got.
SELECT
    n.decided_at, n.kind, n.audience, n.person_id, n.channel, n.address, n.decision, n.reason, n.rule, n.due_at,
    e.state AS message_state, e.settled_at, e.answer
FROM notices AS n
LEFT JOIN effects AS e USING (effect_id)
WHERE n.incident_id = :incident_id
ORDER BY n.notice_id
LIMIT :limit
