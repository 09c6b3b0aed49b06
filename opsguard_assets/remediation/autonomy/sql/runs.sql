-- Returns the newest executions of each playbook that count for its mode, with what people said and did about them. How
-- many are read does not grow with history.
SELECT p.playbook, e.execution_id, e.mode, e.state, e.triggered_at, e.triggered_at >= p.mode_since AS is_of_mode,
       decided.decision,
       EXISTS (SELECT FROM executions AS u WHERE u.undo_of = e.execution_id) AS was_undone,
       word.verdict,
       EXISTS (
           SELECT FROM alert_transitions AS t
           WHERE t.alert_id = e.alert_id AND t.withdrawal_id IS NULL AND t.at >= e.triggered_at
             AND t.at <= e.triggered_at + :matures
             AND ((t.to_state = 'acknowledged' AND t.from_state <> 'acknowledged' AND t.actor NOT LIKE 'playbook %')
                  OR (t.to_state = 'resolved' AND t.from_state <> 'resolved' AND t.resolution = :by_person))
       ) AS was_taken
FROM unnest(CAST(:playbooks AS text[]), CAST(:digests AS text[]), CAST(:counts_from AS timestamptz[]),
            CAST(:mode_since AS timestamptz[])) AS p (playbook, digest, counts_from, mode_since)
CROSS JOIN LATERAL (
    SELECT * FROM executions AS x
    WHERE x.playbook = p.playbook AND x.triggered_at >= p.counts_from AND x.triggered_at <= :now
      AND x.digest = p.digest AND x.undo_of IS NULL AND NOT x.is_by_hand
    ORDER BY x.triggered_at DESC LIMIT :newest
) AS e
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
