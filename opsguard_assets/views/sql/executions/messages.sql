-- Returns who was asked or told by an execution, or was not and why, and how far each message got; without edits.
SELECT
    n.decided_at, n.kind, n.audience, n.person_id, n.channel, n.address, n.decision, n.reason, e.state AS message_state
FROM notices AS n
LEFT JOIN effects AS e USING (effect_id)
WHERE n.execution_id = :execution_id AND n.kind <> 'update'
ORDER BY n.notice_id
LIMIT 200
