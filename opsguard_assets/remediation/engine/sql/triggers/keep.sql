-- Keeps the texts of the playbooks in use. A new one begins in shadow; one that no file holds any more starts nothing.
WITH rows AS (
    SELECT r.playbook, r.digest, r.content
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (playbook text, digest text, content jsonb)
),
versions AS (
    INSERT INTO playbook_versions (playbook, digest, content, first_seen_at)
    SELECT playbook, digest, content, :at FROM rows
    ON CONFLICT (playbook, digest) DO NOTHING
    RETURNING playbook
),
removed AS (
    UPDATE playbooks AS p SET removed_at = :at
    WHERE p.removed_at IS NULL AND NOT EXISTS (SELECT FROM rows WHERE rows.playbook = p.playbook)
),
begun AS (
    INSERT INTO playbooks (playbook, digest, mode, mode_since, mode_reason)
    SELECT playbook, digest, 'shadow', :at, 'every playbook begins in shadow' FROM rows
    ORDER BY playbook
    ON CONFLICT (playbook) DO UPDATE SET digest = EXCLUDED.digest, removed_at = NULL
    RETURNING playbook, xmax = 0 AS is_new
)
INSERT INTO playbook_modes (playbook, at, actor, from_mode, to_mode, reason)
SELECT playbook, :at, 'remediation', NULL, 'shadow', 'every playbook begins in shadow' FROM begun WHERE is_new
