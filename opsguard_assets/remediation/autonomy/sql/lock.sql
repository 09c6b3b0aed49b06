-- Locks the playbooks in use until the end of the transaction, so that one at a time moves them.
SELECT playbook FROM playbooks WHERE removed_at IS NULL ORDER BY playbook FOR UPDATE
