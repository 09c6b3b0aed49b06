-- Returns the posts that a proposed substitute filled within a period, each with its client and when the person said
-- yes: the step that asked is done, which it is once the substitution is recorded, and nobody undid it.
SELECT a.client_id, o.answered_at
FROM shift_offers AS o
JOIN execution_steps AS s ON s.execution_id = o.execution_id AND s.phase = 'steps' AND s.step = o.step
JOIN executions AS e ON e.execution_id = o.execution_id
JOIN alerts AS a ON a.alert_id = e.alert_id
WHERE o.answer = 'yes' AND s.state = 'done' AND o.answered_at >= :since AND o.answered_at < :as_of
  AND NOT EXISTS (SELECT FROM execution_steps AS u WHERE u.execution_id = o.execution_id AND u.phase = 'undo'
                                                     AND u.step = o.step AND u.state = 'done')
