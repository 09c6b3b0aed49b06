-- Lets the alerts of `note_forgiven` be raised again.
UPDATE alerts AS a SET awaits_clearing = false
WHERE a.awaits_clearing AND a.alert_type = ANY (CAST(:alert_types AS text[]))
  AND NOT EXISTS (SELECT FROM f WHERE f.dedup_key = a.dedup_key)
