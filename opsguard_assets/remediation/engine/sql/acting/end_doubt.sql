-- Ends the doubt about a step that has no side effect of its own outside: a person says whether it happened.
UPDATE execution_steps SET state = :state, ended_at = :at, words = :words
WHERE execution_id = :execution_id AND phase = :phase AND step = :step AND state = 'unknown'
RETURNING execution_id
