-- Keeps where the first message about an incident is; a message that was sent again takes the place of the doubtful one.
-- Returns version and state of the incident where somebody took it, or it was resolved, after the message was written.
WITH kept AS (
    INSERT INTO message_threads (incident_id, channel, address, effect_id, reference, shown_version, sent_at)
    VALUES (:incident_id, :channel, :address, :effect_id, CAST(:reference AS jsonb), :version, :at)
    ON CONFLICT (incident_id, channel, address) DO UPDATE
    SET effect_id = EXCLUDED.effect_id, reference = EXCLUDED.reference, sent_at = EXCLUDED.sent_at,
        shown_version = GREATEST(message_threads.shown_version, EXCLUDED.shown_version)
)
SELECT version, state FROM incidents
WHERE incident_id = :incident_id AND version > :version AND state <> 'open'
