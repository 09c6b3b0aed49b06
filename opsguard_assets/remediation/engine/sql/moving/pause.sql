-- Pauses a playbook, once. No row where it is paused already.
UPDATE playbooks SET paused_at = :at, paused_by = :by, paused_why = :why
WHERE playbook = :playbook AND paused_at IS NULL
RETURNING playbook
