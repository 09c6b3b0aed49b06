-- Makes `mutes` as a monitor's settled tick found it: those created before it was recorded. The name hides the stored
-- table.
CREATE TEMP TABLE mutes ON COMMIT DROP AS
SELECT m.* FROM mutes AS m
JOIN monitor_ticks AS tick ON tick.monitor = :monitor AND tick.as_of = :as_of AND m.created_at <= tick.recorded_at
