-- Ties what waited to the digest that tells it.
UPDATE notices AS n SET in_digest = d.notice_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (notice_id bigint, message_key text)
JOIN notices AS d ON d.message_key = r.message_key
WHERE n.notice_id = r.notice_id
