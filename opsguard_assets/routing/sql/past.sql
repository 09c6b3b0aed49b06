-- Returns every decision about some incidents, with the state of its message.
-- A storm opens thousands: a list of so many would be searched from its begin for every row, unless it is a table.
SELECT
    n.incident_id, n.kind, n.step, n.audience, n.person_id, n.channel, n.address, n.decision, n.urgency, n.due_at,
    n.message_key, e.state, CAST(e.payload ->> 'is_critical' AS boolean) AS is_critical
FROM notices AS n
LEFT JOIN effects AS e USING (effect_id)
WHERE n.incident_id IN (SELECT unnest(CAST(:incident_ids AS bigint[])))
ORDER BY n.notice_id
