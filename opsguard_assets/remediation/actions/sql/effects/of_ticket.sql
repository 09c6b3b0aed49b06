-- Returns every change of a ticket that OpsGuard made or is making, the newest first.
SELECT
    state, payload ->> 'priority' AS priority, payload ->> 'assignee_id' AS assignee_id,
    CAST(payload ->> 'expected_updated_at' AS timestamptz) AS expected_updated_at
FROM effects
WHERE kind IN ('escalation', 'remediation') AND payload ->> 'ticket_id' = :ticket_id
ORDER BY effect_id DESC
