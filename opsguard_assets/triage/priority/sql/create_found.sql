-- Makes `found` for the priorities that changed. It ends with the transaction.
CREATE TEMP TABLE found (
    alert_id bigint, opening bigint, action_probability double precision, priority smallint,
    hourly_harm double precision, reasons jsonb, basis text, model_name text, model_version text, model_run_id text,
    is_noted boolean, said_priority smallint, reason text
) ON COMMIT DROP
