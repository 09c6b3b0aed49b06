-- Returns the computed moments of a job in a span, both ends included, as the attributes of `Tick`.
SELECT job, as_of, row_count, digest, model_name, model_version, recorded_upto
FROM ticks
WHERE job = :job AND as_of BETWEEN :begins_at AND :ends_at
ORDER BY as_of
