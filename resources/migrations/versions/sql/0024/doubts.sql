-- A run by hand that is in doubt may go on: until that is settled no other one begins. Where one began before this was
-- so, the older one stays ended.
WITH older AS (
    SELECT e.execution_id FROM executions AS e
    WHERE e.is_by_hand AND e.undo_of IS NULL AND e.state = 'unknown' AND EXISTS (
        SELECT FROM executions AS n
        WHERE n.playbook = e.playbook AND n.alert_id = e.alert_id AND n.is_by_hand AND n.undo_of IS NULL
        AND n.execution_id > e.execution_id AND (n.ended_at IS NULL OR n.state = 'unknown')
    )
),
noted AS (
    INSERT INTO execution_transitions (execution_id, at, actor, from_state, to_state, detail)
    SELECT execution_id, now(), 'migration', 'unknown', 'failed', 'it was run again by hand while it was in doubt'
    FROM older
)
UPDATE executions AS e
SET state = 'failed', reason = concat_ws('; ', e.reason, 'it was run again by hand while it was in doubt')
FROM older WHERE e.execution_id = older.execution_id;
DROP INDEX one_execution_by_hand;
CREATE UNIQUE INDEX one_execution_by_hand ON executions (playbook, alert_id)
    WHERE is_by_hand AND undo_of IS NULL AND (ended_at IS NULL OR state = 'unknown')
