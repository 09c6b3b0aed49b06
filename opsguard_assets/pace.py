"""How often every job runs, from when on it is late, and what it needs: for schedules, freshness and commands.

Here: names, times and tables, light to import. Not here: cron strings (`cadences`) and what a job holds (`build`).
"""

from datetime import timedelta

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_SLACK = timedelta(hours=2)
# Time between two runs of each scheduled job; the trainings of problems run weekly, looks at their models daily.
EVERY = {
    "sync_sources_job": _HOUR,
    "score_sla_job": 15 * _MINUTE,
    "escalate_sla_job": 30 * _MINUTE,
    "score_devices_job": _HOUR,
    "judge_shifts_job": 30 * _MINUTE,
    "watch_orders_job": _HOUR,
    "score_vendors_job": _DAY,
    "plan_shifts_job": _DAY,
    "judge_health_job": _DAY,
    "keep_house_job": _DAY,
}
# The canonical tables without which a job does not exist.
FED_BY = {
    "score_sla_job": ("tickets",),
    "escalate_sla_job": ("tickets",),
    "score_devices_job": ("telemetry",),
    "judge_health_job": ("telemetry",),
    "judge_shifts_job": ("rosters", "attendance"),
    "plan_shifts_job": ("rosters",),
    "watch_orders_job": ("work_orders",),
    "score_vendors_job": ("work_orders",),
}


def late_after(every: timedelta) -> timedelta:
    """The age from which a result is late: one tick may be left out while its predecessor still runs.

    What is computed once a day may take its time.
    """
    return every + _SLACK if every >= _DAY else 2 * every


def stale_after(every: timedelta) -> timedelta:
    """The age from which a result is at fault."""
    return 2 * every + _SLACK if every >= _DAY else 3 * every
