-- Takes the findings of withdrawn ticks out of the counts of alerts. Only decisions by which a finding met an alert
-- were counted in it.
UPDATE alerts AS a SET
    occurrences = greatest(a.occurrences - m.met, 1),
    last_seen_at = coalesce(
        (SELECT max(d.last_as_of) FROM decisions AS d
         WHERE d.monitor = :monitor AND d.alert_id = a.alert_id AND d.decision = ANY (CAST(:counted AS text[]))),
        least(a.last_seen_at, greatest(a.first_seen_at, coalesce(CAST(:before AS timestamptz), a.first_seen_at))))
FROM (
    SELECT alert_id, sum(findings * gone) AS met FROM gone_decisions
    WHERE decision = ANY (CAST(:counted AS text[])) AND alert_id IS NOT NULL GROUP BY alert_id
) AS m
WHERE a.alert_id = m.alert_id
