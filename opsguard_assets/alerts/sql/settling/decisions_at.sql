-- Returns the decisions of one tick. A late tick may lie within a run of decisions that knew nothing of it, so late
-- ticks see only late decisions, and the others only the others.
SELECT d.dedup_key, d.decision, d.detail, d.findings, d.alert_id
FROM decisions AS d JOIN monitor_ticks AS t ON t.monitor = d.monitor AND t.as_of = :as_of
WHERE d.monitor = :monitor AND d.first_as_of <= :as_of AND d.last_as_of >= :as_of
  AND (d.decision = 'late tick') = t.is_late
ORDER BY d.dedup_key
