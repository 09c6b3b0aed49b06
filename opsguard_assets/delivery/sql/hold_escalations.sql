-- Notes with which message decisions are told that have none of their own.
UPDATE notices AS n SET in_digest = r.notice_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (message_key text, notice_id bigint)
WHERE n.message_key = r.message_key
