-- Notes what was decided on incidents. A decision is about a version; a newer one is decided on by the next run.
UPDATE incidents AS i SET
    owner_id = r.owner_id, team = r.team, chain_step = r.chain_step, chain_base = r.chain_base,
    next_step_at = r.next_step_at, routed_version = r.routed_version
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    incident_id bigint, owner_id text, team text, chain_step integer, chain_base integer, next_step_at timestamptz,
    routed_version integer
)
WHERE i.incident_id = r.incident_id
