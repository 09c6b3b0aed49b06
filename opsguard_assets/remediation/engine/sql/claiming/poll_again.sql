-- Lets executions whose condition does not hold yet wait on: until the next look, or the end of their time.
-- What is over its time stays due.
UPDATE executions AS e
SET due_at = LEAST(:poll_at, s.deadline_at, e.deadline_at), lease = NULL, lease_until = NULL, worker = NULL
FROM execution_steps AS s
WHERE e.execution_id = ANY (:execution_ids) AND e.ended_at IS NULL AND e.due_at <= :now AND e.state = 'waiting'
AND (s.execution_id, s.phase, s.step) = (e.execution_id, e.phase, e.step)
AND LEAST(s.deadline_at, e.deadline_at) > :now
