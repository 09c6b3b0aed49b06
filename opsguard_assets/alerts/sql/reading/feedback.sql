-- Returns the newest word of each person about an alert, the newest first; what they said of an earlier opening counts
-- only for that one.
SELECT DISTINCT ON (opening, actor) at, actor, verdict, note, surface, opening
FROM alert_feedback WHERE alert_id = :alert_id
ORDER BY opening DESC, actor, feedback_id DESC
