-- Makes `gone_ticks`: the ticks of a monitor that are withdrawn. Late ticks changed nothing. Those that are newer than
-- every tick that stays came late only because of the others, and go with them.
CREATE TEMP TABLE gone_ticks ON COMMIT DROP AS
WITH newest AS (
    SELECT max(as_of) AS as_of FROM monitor_ticks WHERE monitor = :monitor AND NOT is_late AND as_of < :since
)
SELECT t.* FROM monitor_ticks AS t CROSS JOIN newest
WHERE monitor = :monitor AND EXISTS (
    SELECT FROM monitor_ticks AS g WHERE g.monitor = :monitor AND NOT g.is_late AND g.as_of >= :since)
  AND (t.as_of >= :since OR (t.is_late AND (newest.as_of IS NULL OR t.as_of > newest.as_of)))
