-- A planned step without output is one whose next attempt is due.
UPDATE execution_steps SET output = NULL
WHERE execution_id = :execution_id AND phase = :phase AND step = :step
