"""The names of the jobs of vendors. Not here: what they do and when (`vendors.domain`)."""

WATCH_ORDERS_JOB, SCORE_VENDORS_JOB = "watch_orders_job", "score_vendors_job"
