-- Returns a question with its answer.
SELECT client_id, month, language, score, answered_at
FROM satisfaction_questions
WHERE question_id = :question_id
