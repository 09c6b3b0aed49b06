-- Returns incidents that have something to be decided on, locked: an acknowledgement meanwhile waits.
SELECT
    i.incident_id, i.version, i.routed_version, i.state, i.severity, i.priority, i.is_life_safety, i.is_in_plan,
    i.client_id, i.site_id, i.cause, i.team, i.owner_id, i.unresolved, i.chain_step, i.chain_base, i.next_step_at,
    NULL::timestamptz AS last_seen_at, NULL AS alert_type, NULL AS entity_type, NULL AS entity_id
FROM incidents AS i
WHERE i.routed_version < i.version OR i.next_step_at <= :now
ORDER BY i.priority DESC, i.incident_id
FOR UPDATE
