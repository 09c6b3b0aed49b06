-- Notes that what a person resolved may be raised again from here on, because its condition has cleared. Without this
-- line in its history no past state of the alert could be told.
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution)
SELECT alert_id, :as_of, :actor, 'resolved', 'resolved', 'the condition cleared; it is raised again when it returns',
       severity, resolution
FROM alerts AS a
WHERE a.awaits_clearing AND a.alert_type = ANY (CAST(:alert_types AS text[]))
  AND NOT EXISTS (SELECT FROM f WHERE f.dedup_key = a.dedup_key)
