"""The names of the jobs of triage. Not here: what they do and when (`triage.domain`)."""

TRIAGE_JOB, NOISE_JOB = "triage_alerts_job", "judge_noise_job"
