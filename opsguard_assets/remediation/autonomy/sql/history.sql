-- Returns the changes of a playbook's mode, the newest first.
SELECT at, actor, from_mode, to_mode, reason, figures FROM playbook_modes
WHERE playbook = :playbook ORDER BY change_id DESC LIMIT :limit
