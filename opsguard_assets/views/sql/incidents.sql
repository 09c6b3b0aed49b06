-- Returns incidents by number.
SELECT *
FROM incidents
WHERE incident_id = ANY (:incident_ids)
ORDER BY incident_id
