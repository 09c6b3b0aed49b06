-- Makes `unresolved`: every unresolved alert with what its priority depends on, the priority that it has, and the one
-- that its history told last. `types` names the entry of the evidence that says by when something can be done. `+ 0`
-- keeps look-ups to the index of their key: after a storm the planner may take a table for empty, and then a walk
-- through the primary key for as cheap.
CREATE TEMP TABLE unresolved ON COMMIT DROP AS
SELECT a.alert_id, a.openings AS opening, a.alert_type, a.severity, a.site_id, a.last_seen_at,
       a.evidence ->> t.due AS due, a.evidence ->> 'days_to_empty' AS days_to_empty,
       (SELECT count(*) FROM alerts AS b
        WHERE b.dedup_key = a.dedup_key AND b.alert_id + 0 < a.alert_id
          AND b.first_seen_at > a.first_seen_at - interval '7 days') AS entity_week,
       p.opening AS old_opening, p.as_of AS old_as_of, p.priority AS old_priority,
       p.action_probability AS old_probability, p.reasons::text AS old_reasons, p.basis AS old_basis,
       p.model_version AS old_version, c.to_priority AS said_priority
FROM alerts AS a
LEFT JOIN unnest(CAST(:types AS text[]), CAST(:dues AS text[])) AS t (alert_type, due) USING (alert_type)
LEFT JOIN alert_priorities AS p USING (alert_id)
LEFT JOIN LATERAL (
    SELECT to_priority FROM alert_priority_changes AS h
    WHERE h.alert_id = a.alert_id
    ORDER BY h.change_id + 0 DESC LIMIT 1
) AS c ON true
WHERE a.state <> 'resolved'
