-- Writes the result of a tick. Computing the same moment again replaces it, and dates it anew.
INSERT INTO ticks (job, as_of, row_count, digest, model_name, model_version, recorded_upto, settled_by)
VALUES (:job, :as_of, :row_count, :digest, :model_name, :model_version, :recorded_upto, :settled_by)
ON CONFLICT (job, as_of) DO UPDATE SET
    row_count = EXCLUDED.row_count, digest = EXCLUDED.digest, model_name = EXCLUDED.model_name,
    model_version = EXCLUDED.model_version, recorded_upto = EXCLUDED.recorded_upto,
    settled_by = EXCLUDED.settled_by, finished_at = now()
