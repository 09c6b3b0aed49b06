-- Returns the types of the alerts that a monitor with an open set raised and that can still change: unresolved ones, and
-- those that a person resolved and that have not cleared since. Types of other monitors are never among them.
SELECT k.alert_type
FROM (SELECT DISTINCT alert_type FROM alerts
      WHERE (state <> 'resolved' OR awaits_clearing) AND alert_type <> ALL (CAST(:others AS text[]))) AS k
WHERE EXISTS (
    SELECT FROM alerts AS a JOIN alert_transitions AS t USING (alert_id)
    WHERE a.alert_type = k.alert_type AND (a.state <> 'resolved' OR a.awaits_clearing)
      AND t.from_state IS NULL AND t.actor = :monitor)
