-- Returns the mode of every playbook that is known, with its reason, and whether it is paused or switched off.
SELECT p.playbook, p.mode, p.mode_since, p.mode_reason, p.paused_at, p.paused_by, p.paused_why, s.why AS off_why
FROM playbooks AS p
LEFT JOIN LATERAL (
    SELECT why FROM remediation_switches
    WHERE scope = 'all' OR (scope = 'playbook' AND name = p.playbook)
    ORDER BY scope LIMIT 1
) AS s ON true
WHERE p.removed_at IS NULL
ORDER BY p.playbook
