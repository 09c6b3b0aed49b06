"""The names of the jobs of tickets. Not here: what they do and when (`tickets.domain`)."""

SCORE_JOB, ESCALATE_JOB = "score_sla_job", "escalate_sla_job"
