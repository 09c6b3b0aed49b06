-- Returns the processes that hold executions.
SELECT DISTINCT worker FROM executions WHERE lease IS NOT NULL AND worker IS NOT NULL
