"""The names of the jobs of this domain. Not here: the jobs."""

EXTERNAL_JOB = "settle_external_job"
