-- Returns what judges each playbook, with what people said and did about it: its newest executions in its present mode,
-- and all that people undid or called wrong since it counts. How many are read does not grow with history.
WITH given AS (
    SELECT * FROM unnest(
        CAST(:playbooks AS text[]), CAST(:digests AS text[]), CAST(:modes AS text[]), CAST(:mode_since AS timestamptz[]),
        CAST(:counts_from AS timestamptz[])
    ) AS g (playbook, digest, mode, mode_since, counts_from)
), own AS (
    SELECT x.execution_id, true AS is_of_mode
    FROM given AS g CROSS JOIN LATERAL (
        -- Where clients are not entitled, it runs in shadow whatever it earned: that says nothing of its mode.
        SELECT execution_id FROM executions
        WHERE playbook = g.playbook AND mode = g.mode AND triggered_at >= g.mode_since AND triggered_at <= :now
          AND digest = g.digest AND undo_of IS NULL AND NOT is_by_hand
        ORDER BY triggered_at DESC LIMIT :newest
    ) AS x
), harmed AS (
    SELECT u.undo_of AS execution_id, g.digest, g.counts_from
    FROM given AS g JOIN executions AS u USING (playbook)
    WHERE u.undo_of IS NOT NULL AND u.triggered_at >= g.counts_from AND u.triggered_at <= :now
    UNION
    SELECT x.execution_id, g.digest, g.counts_from
    FROM given AS g
    JOIN alert_feedback AS f ON f.verdict = 'wrong' AND f.at >= g.counts_from AND f.at <= :now
    JOIN executions AS x ON x.alert_id = f.alert_id AND x.opening = f.opening AND x.playbook = g.playbook
), judging AS (
    SELECT execution_id, bool_or(is_of_mode) AS is_of_mode FROM (
        SELECT execution_id, is_of_mode FROM own
        UNION ALL
        SELECT x.execution_id, false
        FROM harmed AS h JOIN executions AS x USING (execution_id)
        WHERE x.mode <> 'shadow' AND x.triggered_at >= h.counts_from AND x.digest = h.digest AND x.undo_of IS NULL
          AND NOT x.is_by_hand
    ) AS every GROUP BY execution_id
)
SELECT e.playbook, e.execution_id, e.mode, e.state, e.triggered_at, j.is_of_mode, decided.decision,
       EXISTS (SELECT FROM executions AS u WHERE u.undo_of = e.execution_id) AS was_undone,
       word.verdict,
       EXISTS (
           SELECT FROM alert_transitions AS t
           WHERE t.alert_id = e.alert_id AND t.withdrawal_id IS NULL AND t.at >= e.triggered_at
             AND t.at <= e.triggered_at + :matures
             AND ((t.to_state = 'acknowledged' AND t.from_state <> 'acknowledged' AND t.actor NOT LIKE 'playbook %')
                  OR (t.to_state = 'resolved' AND t.from_state <> 'resolved' AND t.resolution = :by_person))
       ) AS was_taken
FROM judging AS j
JOIN executions AS e USING (execution_id)
LEFT JOIN LATERAL (
    SELECT a.decision FROM approvals AS a
    WHERE a.execution_id = e.execution_id AND a.decision IN ('approved', 'denied')
    ORDER BY a.approval_id DESC LIMIT 1
) AS decided ON true
LEFT JOIN LATERAL (
    SELECT f.verdict FROM alert_feedback AS f
    WHERE f.alert_id = e.alert_id AND f.opening = e.opening
    ORDER BY f.feedback_id DESC LIMIT 1
) AS word ON true
ORDER BY e.execution_id
