-- Deletes ticks from before an instant. The newest tick of each monitor stays, whatever its age: without it the monitor
-- would settle an older moment as if nothing had come after.
DELETE FROM monitor_ticks AS t WHERE as_of < :before
  AND as_of < (SELECT max(as_of) FROM monitor_ticks AS n WHERE n.monitor = t.monitor)
