-- Returns what has not ended: how many executions; how many in doubt, also where they ended otherwise and only the side
-- effect of a step is in doubt, with the first of them; and those that a worker should have let go, or that nobody has
-- looked at, since a moment.
WITH doubts AS (
    SELECT execution_id FROM executions WHERE state = 'unknown'
    UNION
    SELECT s.execution_id FROM execution_steps AS s JOIN executions AS e USING (execution_id)
    WHERE s.state = 'unknown' AND e.ended_at IS NOT NULL
)
SELECT
    (SELECT count(*) FROM executions WHERE ended_at IS NULL) AS unended,
    (SELECT count(*) FROM doubts) AS in_doubt,
    ARRAY(SELECT execution_id FROM doubts ORDER BY execution_id LIMIT 5) AS doubts,
    (SELECT count(*) FROM executions WHERE ended_at IS NULL AND due_at < :before) AS overdue,
    (SELECT count(*) FROM executions WHERE lease IS NOT NULL AND lease_until < :before) AS leased
