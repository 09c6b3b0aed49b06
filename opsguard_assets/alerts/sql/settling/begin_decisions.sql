-- Begins a row for each decision that `extend_decisions` did not extend.
INSERT INTO decisions (monitor, dedup_key, first_as_of, last_as_of, ticks, decision, detail, findings, alert_id)
SELECT :monitor, n.dedup_key, :as_of, :as_of, 1, n.decision, n.detail, n.findings, n.alert_id
FROM decided AS n
WHERE NOT EXISTS (
    SELECT FROM decisions AS d
    WHERE d.monitor = :monitor AND d.dedup_key = n.dedup_key AND d.last_as_of = :as_of AND d.first_as_of < :as_of)
