-- Escalations as people know them: one row per ticket and step, with what became of it.
CREATE VIEW escalations AS
SELECT
    s.escalation_id, s.ticket_id, s.step,
    CASE e.state WHEN 'sending' THEN 'sent' ELSE e.state END AS state,
    s.as_of, s.risk_as_of, s.risk, s.client_id, s.site_id, s.group_id, s.from_priority, s.to_priority,
    s.from_assignee_id, s.to_assignee_id, s.expected_status, s.expected_updated_at, s.reason, s.tell, s.model_name,
    s.model_version, s.model_run_id, e.target AS ticket_system, e.idempotency_key, e.attempts, e.planned_at, e.sent_at,
    e.settled_at, e.settled_by, e.answer, s.effect_id
FROM escalation_steps AS s
JOIN effects AS e USING (effect_id)
