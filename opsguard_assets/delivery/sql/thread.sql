-- Returns the message that a recipient has about an incident, and the version that it shows.
SELECT reference, shown_version FROM message_threads
WHERE incident_id = :incident_id AND channel = :channel AND address = :address
