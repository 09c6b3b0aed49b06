-- Keeps the texts of the playbooks in use. A new one begins in shadow, and so does a new text: what it may do by itself
-- was earned by another one. What no file holds any more starts nothing.
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
changed AS (
    SELECT p.playbook, p.mode, rows.digest
    FROM playbooks AS p JOIN rows ON rows.playbook = p.playbook AND rows.digest <> p.digest
    WHERE p.mode <> 'shadow'
),
begun AS (
    INSERT INTO playbooks AS p (playbook, digest, mode, mode_since, mode_reason)
    SELECT playbook, digest, 'shadow', :at, 'every playbook begins in shadow' FROM rows
    ORDER BY playbook
    ON CONFLICT (playbook) DO UPDATE SET
        digest = EXCLUDED.digest, removed_at = NULL,
        mode = CASE WHEN p.digest = EXCLUDED.digest THEN p.mode ELSE 'shadow' END,
        mode_since = CASE WHEN p.digest = EXCLUDED.digest OR p.mode = 'shadow' THEN p.mode_since ELSE :at END,
        mode_reason = CASE WHEN p.digest = EXCLUDED.digest OR p.mode = 'shadow' THEN p.mode_reason
                           ELSE 'its text changed; what it earned was earned by another one' END
    RETURNING playbook, xmax = 0 AS is_new
)
INSERT INTO playbook_modes (playbook, at, actor, from_mode, to_mode, reason, figures)
SELECT playbook, :at, 'remediation', NULL, 'shadow', 'every playbook begins in shadow', NULL FROM begun WHERE is_new
UNION ALL
SELECT playbook, :at, 'remediation', mode, 'shadow', 'its text changed; what it earned was earned by another one',
       jsonb_build_object('digest', digest)
FROM changed
