-- Returns the newest tick that a monitor settled in its turn, and whether this one was settled before.
SELECT (SELECT max(as_of) FROM monitor_ticks WHERE monitor = :monitor AND NOT is_late) AS newest,
       EXISTS (SELECT FROM monitor_ticks WHERE monitor = :monitor AND as_of = :as_of) AS is_known
