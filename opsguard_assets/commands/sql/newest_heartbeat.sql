-- Returns when Dagster's daemon was last alive, in UTC without a zone; null where it never ran.
SELECT max(timestamp) AS at FROM opsguard_dagster.daemon_heartbeats
