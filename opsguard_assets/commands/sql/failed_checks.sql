-- Returns the checks whose newest result is a failure. Only the newest results are looked at (`newest` says how many),
-- because the table grows with every run and has no index that would find the last one of each check.
SELECT *
FROM (
    SELECT DISTINCT ON (asset_key, check_name) asset_key, check_name, execution_status, evaluation_event
    FROM opsguard_dagster.asset_check_executions
    WHERE id > (SELECT max(id) FROM opsguard_dagster.asset_check_executions) - :newest
      AND execution_status IN ('SUCCEEDED', 'FAILED')
    ORDER BY asset_key, check_name, id DESC
) AS newest
WHERE execution_status = 'FAILED'
