-- Returns offers of shifts by number with their executions.
SELECT
    o.offer_id, o.execution_id, o.step, o.place, o.shift_id, o.person_id, o.asked_at, o.expires_at, o.answer,
    o.answered_at, e.playbook, e.alert_id, e.state AS execution_state, e.ended_at
FROM shift_offers AS o
JOIN executions AS e USING (execution_id)
WHERE o.offer_id = ANY (:numbers)
ORDER BY o.offer_id
