-- Looks again at what a message tells of: the decision behind it, the message that its reader has, and its incident.
SELECT
    n.reason, n.step, t.reference, t.shown_version, i.version, i.state, i.acknowledged_by
FROM incidents AS i
LEFT JOIN notices AS n ON n.notice_id = CAST(:notice_id AS bigint)
LEFT JOIN message_threads AS t
    ON t.incident_id = i.incident_id AND t.channel = :channel AND t.address = :address
WHERE i.incident_id = :incident_id
