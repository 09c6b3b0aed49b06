-- Connects decisions with the messages that carry them out.
UPDATE notices AS n SET effect_id = r.effect_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (message_key text, effect_id bigint)
WHERE n.message_key = r.message_key
