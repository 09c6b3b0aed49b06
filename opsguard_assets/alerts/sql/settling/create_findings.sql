-- Makes `f` for the findings of one tick, one row per key. It ends with the transaction.
CREATE TEMP TABLE f (
    dedup_key text, alert_type text, entity_type text, entity_id text, client_id text, site_id text, severity text,
    score double precision, title text, reason text, evidence jsonb, is_raising boolean, withheld text, told_by text,
    model_name text, model_version text, model_run_id text, findings bigint
) ON COMMIT DROP
