-- Returns who did what about alerts of a client in a period, and how often: took them up, said what they were worth,
-- decided on playbooks. What playbooks do is no person's.
SELECT actor, what, count(*) AS n
FROM (
    SELECT t.actor, 'taken_up_by' AS what
    FROM alert_transitions AS t
    JOIN alerts AS a USING (alert_id)
    WHERE a.client_id = :client_id AND t.at >= :since AND t.at < :until AND t.withdrawal_id IS NULL
      AND t.to_state = 'acknowledged' AND t.from_state <> 'acknowledged' AND t.actor NOT LIKE 'playbook %'
    UNION ALL
    SELECT f.actor, 'judged_by'
    FROM alert_feedback AS f
    JOIN alerts AS a USING (alert_id)
    WHERE a.client_id = :client_id AND f.at >= :since AND f.at < :until
    UNION ALL
    SELECT v.person_id, 'decided_by'
    FROM approval_votes AS v
    JOIN approvals AS p USING (approval_id)
    JOIN executions AS e USING (execution_id)
    WHERE e.client_id = :client_id AND v.at >= :since AND v.at < :until
) AS acts
GROUP BY actor, what
ORDER BY n DESC, actor, what
