-- Keeps where the first messages about incidents are; one that was sent again takes the place of the doubtful one.
-- Returns for each, where somebody took the incident, or it was resolved, after the message was written, the version and
-- state of the incident.
WITH arrived AS (
    SELECT DISTINCT ON (incident_id, channel, address) *
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        effect_id bigint, incident_id bigint, channel text, address text, reference jsonb, version integer
    )
    ORDER BY incident_id, channel, address, effect_id DESC
),
kept AS (
    INSERT INTO message_threads (incident_id, channel, address, effect_id, reference, shown_version, sent_at)
    SELECT incident_id, channel, address, effect_id, reference, version, :at FROM arrived
    ON CONFLICT (incident_id, channel, address) DO UPDATE
    SET effect_id = EXCLUDED.effect_id, reference = EXCLUDED.reference, sent_at = EXCLUDED.sent_at,
        shown_version = GREATEST(message_threads.shown_version, EXCLUDED.shown_version)
)
SELECT arrived.effect_id, i.version, i.state
FROM arrived
JOIN incidents AS i USING (incident_id)
WHERE i.version > arrived.version AND i.state <> 'open'
