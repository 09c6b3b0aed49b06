-- Returns the decision on each key, as `settling/decided` would record it. Nothing was raised, so there are no alerts
-- to name.
SELECT dedup_key, decision, CASE decision WHEN 'muted' THEN 'mute ' || mute_id WHEN withheld THEN told_by END AS detail
FROM plan
UNION ALL
SELECT dedup_key, 'cleared', NULL FROM gone WHERE mark IS NULL
