-- Makes `alerts` as a monitor's settled tick found it when it began, told from transitions. The name hides the stored
-- table from every statement that follows. All changes of alerts take turns, so the transitions recorded before the
-- tick are those that it saw; its own carry its moment.
CREATE TEMP TABLE alerts ON COMMIT DROP AS
WITH told AS (
    SELECT DISTINCT ON (t.alert_id) t.*
    FROM alert_transitions AS t
    JOIN monitor_ticks AS tick ON tick.monitor = :monitor AND tick.as_of = :as_of
    LEFT JOIN withdrawals AS w USING (withdrawal_id)
    WHERE t.recorded_at <= tick.recorded_at AND NOT (t.actor = :actor AND t.at = :as_of)
      AND (w.at IS NULL OR w.at > tick.recorded_at)
    ORDER BY t.alert_id, t.transition_id DESC
), state AS (
    SELECT *, CASE WHEN to_state = 'resolved'
              THEN coalesce(resolution, CASE actor WHEN :actor THEN 'cleared' ELSE 'by a person' END) END AS reached
    FROM told
)
SELECT a.alert_id, a.dedup_key, a.alert_type, a.first_seen_at, s.to_state AS state,
       coalesce(s.severity, a.severity) AS severity, NULL::text AS state_before_mute, s.reached AS resolution,
       s.at AS resolved_at,
       s.reached IN ('by a person', 'by a playbook') AND s.from_state IS DISTINCT FROM 'resolved' AS awaits_clearing
FROM state AS s JOIN alerts AS a USING (alert_id)
WHERE a.alert_type = ANY (CAST(:alert_types AS text[]))
