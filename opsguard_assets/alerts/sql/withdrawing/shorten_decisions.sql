-- Lets decisions that older ticks began end with the last tick that stays.
UPDATE decisions AS d SET last_as_of = CAST(:before AS timestamptz), ticks = d.ticks - g.gone
FROM gone_decisions AS g
WHERE d.monitor = g.monitor AND d.dedup_key = g.dedup_key AND d.first_as_of = g.first_as_of
