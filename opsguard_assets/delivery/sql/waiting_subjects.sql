-- Returns the incidents and escalations that messages of a channel which are due tell of; what a digest tells of is read
-- with it. In the order in which messages are claimed.
SELECT CAST(payload ->> 'incident_id' AS bigint) AS incident_id,
       CAST(payload ->> 'escalation_id' AS bigint) AS escalation_id
FROM effects
WHERE kind = 'message' AND state IN ('planned', 'sending', 'unknown') AND due_at <= :now AND target = :channel
AND (payload ->> 'incident_id' IS NOT NULL OR payload ->> 'escalation_id' IS NOT NULL)
ORDER BY rank DESC, effect_id
