-- Notes what somebody did to an incident.
INSERT INTO incident_transitions (incident_id, at, actor, from_state, to_state, detail)
VALUES (:incident_id, :at, :actor, :before, :after, :detail)
