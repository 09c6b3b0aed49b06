-- Returns who was told of an incident, in which role.
SELECT DISTINCT audience, person_id
FROM notices
WHERE incident_id = :incident_id AND decision = 'told'
