-- Returns why an address was told about an incident, the newest decision first.
SELECT decision, reason, rule, decided_at
FROM notices
WHERE incident_id = :incident_id AND address = ANY (:addresses)
ORDER BY notice_id DESC
LIMIT 1
