-- Returns whether there is a playbook of a name, used or not.
SELECT EXISTS (SELECT FROM playbooks WHERE playbook = :playbook)
