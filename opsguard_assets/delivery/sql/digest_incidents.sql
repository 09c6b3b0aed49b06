-- Returns the incidents that a digest tells of, those of the greatest priority first.
SELECT DISTINCT i.incident_id, i.priority
FROM notices AS n
JOIN incidents AS i USING (incident_id)
WHERE n.in_digest = :notice_id
ORDER BY i.priority DESC, i.incident_id
LIMIT 200
