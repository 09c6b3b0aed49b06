-- Returns who was told about an incident or was not, in the order of the decisions, and how far each message got. The
-- newest ones where there are more than so many.
WITH newest AS (
    SELECT * FROM notices WHERE incident_id = :incident_id ORDER BY notice_id DESC LIMIT :limit
)
SELECT
    n.decided_at, n.kind, n.audience, n.person_id, n.channel, n.address, n.decision, n.reason, n.rule, n.due_at,
    e.state AS message_state, e.settled_at, e.answer
FROM newest AS n
LEFT JOIN effects AS e USING (effect_id)
ORDER BY n.notice_id
