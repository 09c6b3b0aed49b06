-- Adds to `undone` what people did to alerts that were only raised or opened again by these ticks: they acted on
-- nothing.
INSERT INTO undone
SELECT t.* FROM alert_transitions AS t
JOIN (SELECT alert_id, min(transition_id) AS first, bool_or(from_state IS NULL) AS is_raised
      FROM undone GROUP BY alert_id) AS f USING (alert_id)
WHERE t.transition_id > f.first AND t.withdrawal_id IS NULL
  AND NOT EXISTS (SELECT FROM undone AS u WHERE u.transition_id = t.transition_id)
  AND (f.is_raised OR 'resolved' = (
      SELECT b.to_state FROM alert_transitions AS b
      WHERE b.alert_id = t.alert_id AND b.withdrawal_id IS NULL AND b.transition_id < f.first
      ORDER BY b.transition_id DESC LIMIT 1))
