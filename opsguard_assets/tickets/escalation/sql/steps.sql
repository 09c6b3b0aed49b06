-- Records escalations that were planned as effects in the same transaction.
INSERT INTO escalation_steps (
    effect_id, ticket_id, step, as_of, risk_as_of, risk, client_id, site_id, group_id, from_priority, to_priority,
    from_assignee_id, to_assignee_id, expected_status, expected_updated_at, reason, tell, model_name, model_version,
    model_run_id
)
SELECT
    effect_id, ticket_id, step, as_of, risk_as_of, risk, client_id, site_id, group_id, from_priority, to_priority,
    from_assignee_id, to_assignee_id, expected_status, expected_updated_at, reason, tell, model_name, model_version,
    model_run_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    effect_id bigint, ticket_id text, step integer, as_of timestamptz, risk_as_of timestamptz, risk double precision,
    client_id text, site_id text, group_id text, from_priority text, to_priority text, from_assignee_id text,
    to_assignee_id text, expected_status text, expected_updated_at timestamptz, reason text, tell jsonb,
    model_name text, model_version text, model_run_id text
)
