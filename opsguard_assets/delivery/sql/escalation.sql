-- Returns escalations with what one person is told of each, and the deadline of the ticket as its newest alert says it.
SELECT
    e.*, n.message, n.role, n.person_id,
    (
        SELECT a.evidence ->> 'resolution_due_at'
        FROM alerts AS a
        WHERE a.dedup_key = 'sla_breach_risk:' || e.ticket_id
        ORDER BY a.alert_id DESC LIMIT 1
    ) AS due
FROM escalations AS e
JOIN escalation_notices AS n USING (escalation_id)
WHERE e.escalation_id = ANY (:escalation_ids) AND n.person_id = :person_id
ORDER BY e.escalation_id
