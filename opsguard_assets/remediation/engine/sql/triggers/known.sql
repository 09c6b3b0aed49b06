-- Returns the playbooks in use with the digest of their text.
SELECT playbook, digest FROM playbooks WHERE removed_at IS NULL
