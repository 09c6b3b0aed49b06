-- Looks again at what messages tell of: the decision behind each, the message that its reader has, and its incident.
-- No row for one whose incident is gone.
SELECT
    r.effect_id, n.reason, n.step, n.person_id, n.audience, t.reference, t.shown_version, i.version, i.state, i.acknowledged_by
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    effect_id bigint, notice_id bigint, channel text, address text, incident_id bigint
)
JOIN incidents AS i ON i.incident_id = r.incident_id
LEFT JOIN notices AS n ON n.notice_id = r.notice_id
LEFT JOIN message_threads AS t
    ON t.incident_id = i.incident_id AND t.channel = r.channel AND t.address = r.address
