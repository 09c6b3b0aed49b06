-- Notes by which mails questions are asked.
UPDATE satisfaction_questions AS q
SET effect_id = each.effect_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS each (question_id bigint, effect_id bigint)
WHERE q.question_id = each.question_id
