-- Returns incidents in some states, the greatest priority first, then the oldest.
SELECT *
FROM incidents
WHERE state = ANY (:states)
ORDER BY state = 'resolved', priority DESC, opened_at, incident_id
LIMIT :limit
