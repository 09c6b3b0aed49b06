-- Returns the messages of a step, with how far each got.
SELECT n.audience, n.person_id, n.channel, n.address, e.effect_id, e.state, e.answer
FROM notices AS n
JOIN effects AS e USING (effect_id)
WHERE n.execution_id = :execution_id AND starts_with(n.message_key, :beginning)
ORDER BY n.notice_id
