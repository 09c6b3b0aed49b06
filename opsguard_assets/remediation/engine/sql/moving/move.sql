-- Moves an execution. Where its worker goes on with it, `due_at` is the end of the lease.
UPDATE executions SET
    state = :state, phase = :phase, step = :step, due_at = :due_at,
    reason = COALESCE(:reason, reason),
    deadline_at = COALESCE(CAST(:deadline_at AS timestamptz), deadline_at),
    lease = CASE WHEN :keeps THEN lease END,
    lease_until = CASE WHEN :keeps THEN CAST(:due_at AS timestamptz) END,
    worker = CASE WHEN :keeps THEN worker END
WHERE execution_id = :execution_id
