-- Resolves the alerts of `gone`, with the mark that ended them as their resolution.
UPDATE alerts AS a SET state = 'resolved', state_before_mute = NULL, resolved_at = :as_of, resolved_by = :actor,
                       resolution = coalesce(gone.mark, 'cleared')
FROM gone WHERE a.alert_id = gone.alert_id
