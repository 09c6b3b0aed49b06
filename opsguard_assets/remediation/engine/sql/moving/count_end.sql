-- Counts how an execution of a playbook ended. Returns its failures in a row, and whether it is paused.
UPDATE playbooks SET failures_in_a_row = CASE WHEN :failed THEN failures_in_a_row + 1 ELSE 0 END
WHERE playbook = :playbook
RETURNING failures_in_a_row, paused_at IS NOT NULL AS is_paused
