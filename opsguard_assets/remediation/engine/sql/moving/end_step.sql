-- Ends a step whose execution was over before its side effect was.
UPDATE execution_steps SET state = :state, ended_at = :at, words = :words
WHERE execution_id = :execution_id AND phase = :phase AND step = :step
AND state IN ('planned', 'unknown')
