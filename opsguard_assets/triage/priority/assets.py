"""The priorities of alerts as an asset. Not here: computing them (`priority`), writing them (`io`)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import dagster as dg
import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of, preview
from opsguard_assets.moment import Moment
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.triage.learning.assets import ALERT_RISK_KEY
from opsguard_assets.triage.learning.schemas import ALERT_RISK
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import Prioritised, judge_of, prioritise, without_priority
from opsguard_assets.triage.priority.priority import INTERRUPTS, SUPERVISOR
from resources.database import Database
from resources.lake import Lake

PRIORITIES_KEY: Final = dg.AssetKey(["alerts", "priorities"])
_CHECK: Final = "every_alert_has_a_priority"
_RECENT: Final = timedelta(minutes=20)


def priorities_asset(
    settings: Settings, declared: Mapping[str, AlertType], deps: Sequence[dg.AssetKey]
) -> dg.AssetsDefinition:
    """The asset of priorities; it follows every asset that settles alerts.

    Args:
        settings: Costs, and what protects lives.
        declared: The types of alerts that domains declare, by name.
        deps: The assets that settle alerts.
    """

    @dg.asset(
        key=PRIORITIES_KEY,
        deps=[*deps, ALERT_RISK_KEY],
        group_name="alerts",
        kinds={"postgres", "polars"},
        owners=owners_of("triage"),
        description="How much leaving each unresolved alert for one hour would cost, as a priority from 0 to 100 with "
        f"reasons: from {INTERRUPTS} on worth interrupting a specialist, from {SUPERVISOR} on a supervisor.",
        check_specs=[check_spec(_CHECK, PRIORITIES_KEY)],
    )
    def priorities(config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        as_of = config.instant()
        judge = judge_of(newest_risk(lake, as_of))
        done = prioritise(database, Described(declared, settings), judge, as_of, now=datetime.now(UTC))
        return dg.MaterializeResult(metadata=_shown(done), check_results=[_complete(database)])

    return priorities


def newest_risk(lake: Lake, as_of: datetime) -> pl.DataFrame:
    """The rows of `ALERT_RISK` of the newest tick within `_RECENT` before a moment; none where there is none.

    A run without a given moment computes each of its assets a few seconds after the one before.
    """
    if not lake.exists(ALERT_RISK.derived_name):
        return ALERT_RISK.empty()
    since = as_of - _RECENT
    rows = ALERT_RISK.typed(lake.scan(ALERT_RISK.derived_name)).filter(
        pl.col("date") >= since.date(), pl.col("as_of").is_between(pl.lit(since, INSTANT), pl.lit(as_of, INSTANT))
    )
    return rows.filter(pl.col("as_of") == pl.col("as_of").max()).collect()


def _complete(database: Database) -> dg.AssetCheckResult:
    unresolved, without = without_priority(database)
    return dg.AssetCheckResult(
        check_name=_CHECK,
        passed=not without,
        description=f"{unresolved - without:,} of {unresolved:,} unresolved alerts have a priority",
        metadata={"unresolved": unresolved, "without": without},
    )


def _shown(done: Prioritised) -> Mapping[str, dg.MetadataValue]:
    rows = done.alerts
    shown = rows.sort("priority", "alert_id", descending=[True, False]).head(20)
    columns = ("alert_id", "alert_type", "severity", "priority", "action_probability")
    counts: dict[str, Any] = {
        "as_of": done.as_of,
        "alerts": len(rows),
        "written": done.written,
        "noted": done.noted,
        "from_80": int((rows["priority"] >= INTERRUPTS).sum()),
        "from_90": int((rows["priority"] >= SUPERVISOR).sum()),
    }
    return {
        **figures(counts),
        "judge": dg.MetadataValue.text(f"{done.judge.name} {done.judge.version}"),
        "highest": preview(shown.select(*columns, pl.col("reasons").list.join("; "))),
    }
