-- Returns the effects of some kinds of notices about some incidents that were not handed over yet.
SELECT e.effect_id
FROM notices AS n
JOIN effects AS e USING (effect_id)
WHERE n.incident_id = ANY (:incident_ids) AND n.kind = ANY (:kinds) AND e.state = 'planned'
