-- Notes whom a month is asked about, each contact of a client once; returns those who had not been.
INSERT INTO satisfaction_questions (client_id, month, address, language, asked_at)
SELECT client_id, :month, address, language, :at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS each (client_id text, address text, language text)
ON CONFLICT DO NOTHING
RETURNING question_id, client_id, address, language
