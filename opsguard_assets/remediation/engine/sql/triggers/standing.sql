-- Returns how each playbook in use stands.
SELECT
    p.playbook, p.mode, p.paused_why,
    EXISTS (
        SELECT FROM remediation_switches AS s
        WHERE s.scope = 'all' OR (s.scope = 'playbook' AND s.name = p.playbook)
    ) AS is_off
FROM playbooks AS p
WHERE p.removed_at IS NULL
ORDER BY p.playbook
