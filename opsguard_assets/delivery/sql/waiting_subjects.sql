-- Returns the incidents, escalations, questions and alerts of executions that messages of a channel which are due tell of,
-- and their readers; what a digest tells of is read with it. In the order in which messages are claimed.
SELECT CAST(e.payload ->> 'incident_id' AS bigint) AS incident_id,
       CAST(e.payload ->> 'escalation_id' AS bigint) AS escalation_id,
       e.payload ->> 'about' AS question, x.alert_id, n.person_id
FROM effects AS e
LEFT JOIN notices AS n ON n.notice_id = CAST(e.payload ->> 'notice_id' AS bigint)
LEFT JOIN executions AS x USING (execution_id)
WHERE e.kind = 'message' AND e.state IN ('planned', 'sending', 'unknown') AND e.due_at <= :now AND e.target = :channel
ORDER BY e.rank DESC, e.effect_id
