-- Makes `decided`: the decision on each key, with the number of its alert. What cleared is a decision, too; what a mark
-- ended stands in the plan already.
CREATE TEMP TABLE decided ON COMMIT DROP AS
SELECT p.dedup_key, p.decision, p.findings,
       CASE p.decision WHEN 'muted' THEN 'mute ' || p.mute_id WHEN p.withheld THEN p.told_by END AS detail, a.alert_id
FROM plan AS p LEFT JOIN alerts AS a ON a.dedup_key = p.dedup_key AND a.state <> 'resolved'
UNION ALL
SELECT dedup_key, 'cleared', 0, NULL, alert_id FROM gone WHERE mark IS NULL
