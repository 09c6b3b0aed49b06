-- Writes down who is told of escalations by which channel, or why not; nobody twice.
-- Returns the number and key of each decision that is new.
WITH rows AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        escalation_id bigint, role text, person_id text, channel text, address text, decision text, reason text,
        message_key text
    )
),
noted AS (
    UPDATE escalation_notices AS n SET decided_at = :at
    FROM rows
    WHERE n.escalation_id = rows.escalation_id AND n.person_id = rows.person_id
)
INSERT INTO notices (
    kind, audience, person_id, channel, address, decision, reason, rule, urgency, decided_at, due_at, message_key
)
SELECT 'escalation', role, person_id, channel, address, decision, reason, 'escalation', 'now', :at, :at, message_key
FROM rows
ON CONFLICT (message_key) DO NOTHING
RETURNING notice_id, message_key
