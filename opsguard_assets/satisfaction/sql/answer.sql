-- Notes the answer to a question, unless it has one; returns a row where this is it.
UPDATE satisfaction_questions
SET score = :score, answered_at = :at
WHERE question_id = :question_id AND score IS NULL
RETURNING score, answered_at
