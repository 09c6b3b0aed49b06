-- Returns the kill switches that are off, and the playbooks that are paused.
SELECT scope, name, off_at AS since, off_by AS by, why FROM remediation_switches
UNION ALL
SELECT 'paused', playbook, paused_at, paused_by, paused_why FROM playbooks WHERE paused_at IS NOT NULL
ORDER BY since, scope, name
