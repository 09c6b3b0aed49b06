-- Returns a snapshot.
SELECT snapshot_id, month, as_of, recorded_upto, versions, released_at FROM scorecard_snapshots
WHERE snapshot_id = :snapshot_id
