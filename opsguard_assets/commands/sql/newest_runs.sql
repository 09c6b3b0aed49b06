-- Returns the newest run of each job, when it was created and when one of the job's runs last succeeded. Dagster stores
-- times without a zone in UTC, ends as seconds of the epoch; the newest run has the greatest id.
SELECT DISTINCT ON (pipeline_name)
    pipeline_name AS job, status, create_timestamp AS at,
    (SELECT max(end_time) FROM opsguard_dagster.runs AS s
     WHERE s.pipeline_name = r.pipeline_name AND s.status = 'SUCCESS') AS ended
FROM opsguard_dagster.runs AS r
ORDER BY pipeline_name, id DESC
