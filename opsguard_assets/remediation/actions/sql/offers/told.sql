-- Returns who of the provider was told of an incident, or is in a digest, once per address; not a person to leave out.
SELECT DISTINCT ON (channel, address) audience, person_id, channel, address
FROM notices
WHERE incident_id = :incident_id AND decision IN ('told', 'digest') AND person_id <> :person_id AND address IS NOT NULL
AND audience IN ('owner', 'on_duty', 'supervisor', 'lead', 'noc')
ORDER BY channel, address, notice_id DESC
