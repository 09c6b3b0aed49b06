-- Returns an offer, locked, and whether its step still waits for an answer.
SELECT
    o.offer_id, o.execution_id, o.person_id, o.answer, o.expires_at,
    EXISTS (
        SELECT FROM executions AS e
        JOIN execution_steps AS s USING (execution_id)
        WHERE
            e.execution_id = o.execution_id AND e.ended_at IS NULL AND s.step = o.step AND s.action = 'offer_shift'
            AND s.state = 'planned'
    ) AS is_awaited
FROM shift_offers AS o
WHERE o.offer_id = :offer_id
FOR UPDATE OF o
