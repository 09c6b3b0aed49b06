-- Returns an incident, locked until the end of the transaction.
SELECT *
FROM incidents
WHERE incident_id = :incident_id
FOR UPDATE
