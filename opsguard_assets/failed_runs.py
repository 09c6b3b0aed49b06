"""Failed runs of OpsGuard itself: one alert per job, until a run of the job succeeds.

Here: findings and settling. Not here: the type of the alert (`alerts.own_types`), noticing runs that ended
(`sensors.failures`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import polars as pl

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.own_types import RUN_FAILED
from resources.database import Database
from sensors.failures import Failed

MONITOR: Final = Monitor("opsguard", (RUN_FAILED.name,))


def failed_findings(failed: Mapping[str, Failed], is_frequent: Callable[[str], bool]) -> pl.DataFrame:
    """One finding per job whose newest run failed: rows of `FINDING`.

    Args:
        failed: The failed run of each job.
        is_frequent: Whether a job is a frequent tick: what it computes is out of date within the hour.
    """
    rows = [
        {
            "dedup_key": f"{RUN_FAILED.name}:{job}",
            "alert_type": RUN_FAILED.name,
            "entity_type": "job",
            "entity_id": job,
            "severity": "high" if is_frequent(job) else "medium",
            "title": f"{job} of OpsGuard failed",
            "reason": f"run {run.run_id[:8]} failed at {run.at:%Y-%m-%d %H:%M} UTC, and none succeeded since",
            "evidence": f'{{"run_id": "{run.run_id}"}}',
            "is_raising": True,
        }
        for job, run in sorted(failed.items())
    ]
    return pl.DataFrame(rows, schema=FINDING)


def settle_failed(
    database: Database, failed: Mapping[str, Failed], at: datetime, is_frequent: Callable[[str], bool]
) -> None:
    """Raises, refreshes and clears the alerts of failed runs."""
    settle(database, failed_findings(failed, is_frequent), MONITOR, at)
