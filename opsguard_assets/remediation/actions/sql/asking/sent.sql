-- Returns the messages of a question that were sent and can be edited: a mail cannot.
SELECT n.step, n.audience, n.person_id, n.channel, n.address, n.rule, n.message_key
FROM notices AS n
WHERE
    n.execution_id = :execution_id AND starts_with(n.message_key, :beginning) AND n.kind IN ('approval', 'offer')
    AND n.reference IS NOT NULL AND NOT n.reference ? 'message_id'
ORDER BY n.notice_id
