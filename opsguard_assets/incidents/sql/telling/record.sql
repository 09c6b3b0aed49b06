-- Records decisions about recipients. Returns the numbers and keys of those that are told something new.
INSERT INTO notices (
    incident_id, incident_version, kind, step, audience, person_id, channel, address, decision, reason, rule, urgency,
    decided_at, due_at, message_key, execution_id, words
)
SELECT
    r.incident_id, r.incident_version, r.kind, r.step, r.audience, r.person_id, r.channel, r.address, r.decision,
    r.reason, r.rule, r.urgency, :at, r.due_at, r.message_key, r.execution_id, r.words
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    incident_id bigint, incident_version integer, kind text, step integer, audience text, person_id text, channel text,
    address text, decision text, reason text, rule text, urgency text, due_at timestamptz, message_key text,
    execution_id bigint, words text
)
ON CONFLICT (message_key) DO NOTHING
RETURNING notice_id, message_key
