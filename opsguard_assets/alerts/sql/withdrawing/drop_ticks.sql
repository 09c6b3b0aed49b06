-- Deletes the withdrawn ticks.
DELETE FROM monitor_ticks AS t USING gone_ticks AS g WHERE t.monitor = g.monitor AND t.as_of = g.as_of
