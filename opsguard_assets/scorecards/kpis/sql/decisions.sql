-- Returns decisions on findings within a period: those on one type of alerts, and those that a plan kept back. A run of
-- equal decisions that began before the period counts with its first moment.
SELECT dedup_key, decision, first_as_of, last_as_of
FROM decisions
WHERE last_as_of >= :since AND first_as_of <= :as_of
  AND (decision = :kept OR starts_with(dedup_key, CAST(:alert_type AS text) || ':'))
