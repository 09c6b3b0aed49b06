-- Returns what was undone: ticks, late ticks, alerts closed, alerts reopened.
SELECT (SELECT count(*) FROM gone_ticks WHERE NOT is_late) AS ticks,
       (SELECT count(*) FROM gone_ticks WHERE is_late) AS late_ticks,
       (SELECT count(DISTINCT alert_id) FROM undone WHERE from_state IS NULL) AS closed,
       (SELECT count(*) FROM restored AS r JOIN undone_states AS u USING (alert_id)
        WHERE u.state = 'resolved' AND r.state <> 'resolved') AS reopened
