"""The name of the job of triage. Not here: what it does and when (`triage.domain`)."""

TRIAGE_JOB = "triage_alerts_job"
