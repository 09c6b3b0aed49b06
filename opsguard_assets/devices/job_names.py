"""The names of the jobs of devices. Not here: what they do and when (`devices.domain`)."""

SCORE_DEVICES_JOB, JUDGE_HEALTH_JOB = "score_devices_job", "judge_health_job"
