-- Returns and locks the messages of a question that wait to be sent. One that is claimed or settled at this moment is
-- left: the sender that settles it waits for the decision, and edits it.
SELECT e.effect_id
FROM notices AS n
JOIN effects AS e USING (effect_id)
WHERE n.execution_id = :execution_id AND starts_with(n.message_key, :beginning) AND e.state = 'planned'
FOR UPDATE OF e SKIP LOCKED
