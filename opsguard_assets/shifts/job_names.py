"""The names of the jobs of shifts. Not here: what they do and when (`shifts.domain`)."""

JUDGE_SHIFTS_JOB, PLAN_JOB = "judge_shifts_job", "plan_shifts_job"
