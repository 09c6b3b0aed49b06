-- Notes the alerts that `clear` resolved, and why.
INSERT INTO alert_transitions (alert_id, at, actor, from_state, to_state, detail, severity, resolution)
SELECT alert_id, :as_of, :actor, state, 'resolved',
       CASE mark WHEN 'expired' THEN 'it is over and no longer judged; nothing cleared'
                 ELSE concat_ws(': ', coalesce(mark, 'the condition cleared'), told_by) END,
       severity, coalesce(mark, 'cleared')
FROM gone
