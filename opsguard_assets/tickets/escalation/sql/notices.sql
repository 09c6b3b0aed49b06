-- Writes down who is to be told of escalations, nobody twice.
INSERT INTO escalation_notices (escalation_id, person_id, role, message, created_at)
SELECT s.escalation_id, t.person_id, t.role, 'Ticket ' || s.ticket_id || ': ' || s.reason || :more, :at
FROM escalation_steps AS s
CROSS JOIN LATERAL jsonb_to_recordset(s.tell) AS t (person_id text, role text)
WHERE s.effect_id = ANY (:effects)
ON CONFLICT DO NOTHING
