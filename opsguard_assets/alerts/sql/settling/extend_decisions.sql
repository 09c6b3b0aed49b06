-- Lets an equal decision of the tick before go on; anything else begins a row of its own (`begin_decisions`). No key
-- has two rows that end with the same tick: of late ticks, which are no tick before, there is one row each.
UPDATE decisions AS d SET last_as_of = :as_of, ticks = d.ticks + 1, findings = n.findings
FROM decided AS n
WHERE d.monitor = :monitor AND d.dedup_key = n.dedup_key AND d.last_as_of = :before
  AND d.decision = n.decision AND d.detail IS NOT DISTINCT FROM n.detail AND d.alert_id IS NOT DISTINCT FROM n.alert_id
