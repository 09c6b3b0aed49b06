-- Keeps which version of an incident a recipient has seen.
UPDATE message_threads SET shown_version = GREATEST(shown_version, :version)
WHERE incident_id = :incident_id AND channel = :channel AND address = :address
