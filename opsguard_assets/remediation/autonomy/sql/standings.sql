-- Returns how each playbook in use stands: its mode and text, the last change of its mode, and since when executions
-- count: since it is in shadow, or since it left shadow.
SELECT p.playbook, p.mode, p.mode_since, p.mode_reason, p.digest, v.content, last.actor, last.figures,
       CASE p.mode WHEN 'shadow' THEN p.mode_since ELSE coalesce(left_shadow.at, p.mode_since) END AS counts_from
FROM playbooks AS p
JOIN playbook_versions AS v USING (playbook, digest)
LEFT JOIN LATERAL (
    SELECT actor, figures FROM playbook_modes AS m WHERE m.playbook = p.playbook ORDER BY change_id DESC LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT at FROM playbook_modes AS m
    WHERE m.playbook = p.playbook AND m.from_mode = 'shadow' AND m.to_mode <> 'shadow'
    ORDER BY change_id DESC LIMIT 1
) AS left_shadow ON true
WHERE p.removed_at IS NULL
ORDER BY p.playbook
