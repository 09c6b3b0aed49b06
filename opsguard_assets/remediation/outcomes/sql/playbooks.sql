-- Returns the content of the playbooks in use.
SELECT v.content
FROM playbooks AS p JOIN playbook_versions AS v USING (playbook, digest)
WHERE p.removed_at IS NULL
ORDER BY p.playbook
