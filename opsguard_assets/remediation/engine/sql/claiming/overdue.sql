-- Returns what has not ended: how many executions, how many in doubt, and those that a worker should have let go, or
-- that nobody has looked at, since a moment.
SELECT
    (SELECT count(*) FROM executions WHERE ended_at IS NULL) AS unended,
    (SELECT count(*) FROM executions WHERE state = 'unknown') AS in_doubt,
    (SELECT count(*) FROM executions WHERE ended_at IS NULL AND due_at < :before) AS overdue,
    (SELECT count(*) FROM executions WHERE lease IS NOT NULL AND lease_until < :before) AS leased
