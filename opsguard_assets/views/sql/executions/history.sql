-- Returns what happened to an execution, the first one first; the newest 200 where there is more.
SELECT at, actor, from_state, to_state, detail
FROM (
    SELECT * FROM execution_transitions WHERE execution_id = :execution_id ORDER BY transition_id DESC LIMIT 200
) AS newest
ORDER BY transition_id
