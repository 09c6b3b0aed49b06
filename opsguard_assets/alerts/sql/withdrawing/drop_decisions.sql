-- Deletes decisions that withdrawn ticks began.
DELETE FROM decisions AS d USING gone_decisions AS g
WHERE d.monitor = g.monitor AND d.dedup_key = g.dedup_key AND d.first_as_of = g.first_as_of
  AND (g.decision = 'late tick' OR g.first_as_of >= :since)
