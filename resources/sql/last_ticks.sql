-- Returns the newest computed moment of every job, as the attributes of `Tick`.
SELECT DISTINCT ON (job) job, as_of, row_count, digest, model_name, model_version, recorded_upto
FROM ticks
ORDER BY job, as_of DESC
