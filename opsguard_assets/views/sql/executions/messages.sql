-- Returns who was asked or told by an execution, or was not and why, and how far each message got; without edits. The
-- newest 200 where there are more.
WITH newest AS (
    SELECT * FROM notices WHERE execution_id = :execution_id AND kind <> 'update' ORDER BY notice_id DESC LIMIT 200
)
SELECT
    n.decided_at, n.kind, n.audience, n.person_id, n.channel, n.address, n.decision, n.reason, e.state AS message_state
FROM newest AS n
LEFT JOIN effects AS e USING (effect_id)
ORDER BY n.notice_id
