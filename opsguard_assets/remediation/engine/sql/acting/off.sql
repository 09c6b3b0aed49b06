-- Switches playbooks off. No row where they are off already.
INSERT INTO remediation_switches (scope, name, off_at, off_by, why)
VALUES (:scope, :name, :at, :actor, :why)
ON CONFLICT (scope, name) DO NOTHING
RETURNING scope
