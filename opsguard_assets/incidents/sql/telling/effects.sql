-- Ties decisions to the effects that carry them out.
UPDATE notices AS n SET effect_id = r.effect_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (effect_id bigint, key text)
WHERE n.message_key = r.key
