-- Returns an offer, locked, how urgent its alert is, and whether its step still waits for an answer.
SELECT
    o.offer_id, o.execution_id, o.step, o.shift_id, o.missing_id, o.person_id, o.answer, o.expires_at,
    COALESCE(p.priority, 0) AS priority,
    EXISTS (
        SELECT FROM executions AS e
        JOIN execution_steps AS s USING (execution_id)
        WHERE
            e.execution_id = o.execution_id AND e.ended_at IS NULL AND s.step = o.step AND s.action = 'offer_shift'
            AND s.state = 'planned'
    ) AS is_awaited
FROM shift_offers AS o
JOIN executions AS x USING (execution_id)
LEFT JOIN alert_priorities AS p ON p.alert_id = x.alert_id AND p.opening = x.opening
WHERE o.offer_id = :offer_id
FOR UPDATE OF o
