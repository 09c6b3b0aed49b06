"""Failed runs of OpsGuard itself: one alert per job, until a run of the job succeeds.

Here: findings, settling, and what follows from it at once: priority, incident, messages. Not here: the type of the
alert (`alerts.own_types`), noticing runs that ended (`sensors.failures`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.own_types import RUN_FAILED
from opsguard_assets.config.settings import Settings
from opsguard_assets.incidents.io import group_alerts
from opsguard_assets.incidents.rules_io import context_of, rules_of
from opsguard_assets.routing.run_io import route_now
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import prioritise, rule_judge
from resources.database import Database
from resources.lake import Lake
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


def tell_failed(
    database: Database, lake: Lake, settings: Settings, declared: Mapping[str, AlertType], at: datetime
) -> None:
    """Gives new alerts their priorities by the rule, an incident with its owner, and plans the messages about it.

    It waits for no run of triage: that may be what failed. Priorities that alerts have already are left to triage.

    Args:
        database: Where alerts are.
        lake: Where people and clients are.
        settings: Costs, groups and routes.
        declared: The types of alerts that domains declare, by name.
        at: The time of the clock (UTC).
    """
    prioritise(database, Described(declared, settings), rule_judge(), at, now=at, only_new=True)
    group_alerts(database, context_of(settings, declared, lake, at), rules_of(settings), at=at)
    route_now(database, lake, settings, now=at)
