-- Returns how many unresolved incidents each person owns.
SELECT owner_id AS person_id, count(*) AS load
FROM incidents
WHERE state <> 'resolved' AND owner_id IS NOT NULL
GROUP BY owner_id
ORDER BY owner_id
