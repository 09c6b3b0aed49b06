-- Notes a snapshot; returns its number.
INSERT INTO scorecard_snapshots (month, as_of, recorded_upto, versions, made_at)
VALUES (:month, :as_of, :recorded_upto, CAST(:versions AS jsonb), :at)
RETURNING snapshot_id
