-- Every escalation so far as an effect, under the number that it has. What was being handed over has a lease that is
-- over, so that the next run takes it up, as it would have done before.
INSERT INTO effects (
    effect_id, kind, key, idempotency_key, target, rank, payload, state, due_at, attempts, planned_at, sent_at,
    settled_at, settled_by, answer
)
OVERRIDING SYSTEM VALUE
SELECT
    escalation_id, 'escalation', ticket_id || '/' || step, idempotency_key, ticket_system, risk,
    jsonb_build_object(
        'ticket_id', ticket_id, 'step', step, 'priority', to_priority, 'assignee_id', to_assignee_id,
        'reason', reason, 'as_of', as_of, 'expected_priority', from_priority,
        'expected_assignee_id', from_assignee_id, 'expected_status', expected_status,
        'expected_updated_at', expected_updated_at
    ),
    CASE state WHEN 'sent' THEN 'sending' ELSE state END,
    COALESCE(settled_at, sent_at, planned_at), attempts, planned_at, sent_at, settled_at, settled_by, answer
FROM escalations
