-- Records that a monitor settled a tick.
INSERT INTO monitor_ticks (monitor, as_of, findings, digest, is_late, settled_by)
VALUES (:monitor, :as_of, :findings, :digest, :is_late, :settled_by)
