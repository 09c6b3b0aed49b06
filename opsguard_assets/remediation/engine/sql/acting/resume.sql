-- Lets a playbook go on that is paused: how its executions ended before counts no more, and what waited is looked at.
WITH resumed AS (
    UPDATE playbooks SET
        paused_at = NULL, paused_by = NULL, paused_why = NULL, failures_in_a_row = 0, judged_since = :at
    WHERE playbook = :playbook AND paused_at IS NOT NULL
    RETURNING playbook
),
woken AS (
    UPDATE executions AS e SET due_at = :at
    FROM resumed WHERE e.playbook = resumed.playbook AND e.ended_at IS NULL
)
SELECT playbook FROM resumed
