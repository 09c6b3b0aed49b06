-- Returns every decision about some incidents, with the state of its message.
SELECT
    n.incident_id, n.kind, n.step, n.audience, n.person_id, n.channel, n.address, n.decision, n.urgency, n.due_at,
    n.message_key, e.state, CAST(e.payload ->> 'is_critical' AS boolean) AS is_critical
FROM notices AS n
LEFT JOIN effects AS e USING (effect_id)
WHERE n.incident_id = ANY (:incident_ids)
ORDER BY n.notice_id
