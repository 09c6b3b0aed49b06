-- Returns per job how many runs failed since an instant, and when the last of them was created. Dagster stores UTC
-- without a zone, and `since` is to be given so.
SELECT pipeline_name AS job, count(*) AS runs, max(create_timestamp) AS at
FROM opsguard_dagster.runs
WHERE status = 'FAILURE' AND create_timestamp > :since
GROUP BY pipeline_name
ORDER BY pipeline_name
