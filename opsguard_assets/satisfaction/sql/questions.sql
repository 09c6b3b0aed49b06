-- Returns the questions about some months that were asked by a moment: whether their mail was sent, and the answer as it
-- was at the moment. A mail of which nobody knows whether it arrived counts as sent: it may have been answered.
SELECT q.client_id, q.month, q.asked_at, e.state IN ('done', 'unknown') AS is_sent,
       CASE WHEN q.answered_at <= :as_of THEN q.score END AS score
FROM satisfaction_questions AS q
LEFT JOIN effects AS e ON e.effect_id = q.effect_id
WHERE q.month BETWEEN :first AND :last AND q.asked_at <= :as_of
ORDER BY q.month, q.client_id, q.question_id
