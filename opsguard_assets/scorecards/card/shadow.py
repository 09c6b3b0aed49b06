"""What a greater plan would have delivered: alerts of the month that were computed, and kept back by the plan.

Here: counting decisions on findings. Not here: reading them (`io`), which plan holds what (`entitlements`).

Each tick decides about each finding, and equal decisions of following ticks are one row. What comes back soon after it
went is one alert in the lifecycle, so it is counted once here, too. Decisions are kept for `retention.decision_days`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from opsguard_assets.alerts.finding import NOT_IN_PLAN
from opsguard_assets.devices.alerts.alert_types import FAILURE_RISK, LOW_BATTERY, REPLACE, SILENT, SITE_SILENT
from opsguard_assets.scorecards.kpis.months import in_month
from opsguard_assets.shifts.alerts.alert_types import COVERAGE_GAP, GEOFENCE, LIKELY, NOBODY_CAME
from opsguard_assets.tickets.risk.alert_types import BREACH_RISK, SLA_BREACHED
from opsguard_assets.vendors.alerts.alert_types import AT_RISK, OVERDUE

SHADOW: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "month": pl.Date(),
        "plan": pl.String(),
        "feature": pl.String(),
        "count": pl.Int64(),
        "examples": pl.List(pl.String()),
    }
)
OWNED_BY: Final = ("tickets", "devices", "sites", "work_orders", "shifts/shift_calendar")
_EXAMPLES: Final = 2
# What the keys of findings are about, by how they begin; several types of shift alerts share one beginning.
_SHIFT_KEYS: Final = "shift"
KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys((BREACH_RISK, SLA_BREACHED), "ticket"),
    **dict.fromkeys((FAILURE_RISK, SILENT, LOW_BATTERY, REPLACE), "device"),
    SITE_SILENT: "site",
    **dict.fromkeys((OVERDUE, AT_RISK), "work_order"),
    **dict.fromkeys((_SHIFT_KEYS, LIKELY, GEOFENCE), "shift"),
    COVERAGE_GAP: "post",
}


def shadow(
    decisions: pl.LazyFrame,
    owners: pl.LazyFrame,
    months: pl.LazyFrame,
    features: Mapping[str, str | None],
    plans: Mapping[str, str],
    reopen_within: timedelta,
) -> pl.DataFrame:
    """The rows of `card.Shadow` of every client and month.

    Args:
        decisions: `dedup_key`, `decision`, `first_as_of`, `last_as_of`: those of some time before the first month, too.
        owners: Whose the things are that alerts are about (`owners_of`): a key alone does not say.
        months: Rows of `ClientMonths`.
        features: The feature that each type of alerts belongs to; None where it is everybody's.
        plans: The smallest plan that holds each feature.
        reopen_within: What comes back so soon is the same alert.

    Returns:
        Rows of SHADOW, the most first; `examples` names things, the ones that lasted longest.
    """
    kept = decisions.filter(pl.col("decision") == NOT_IN_PLAN).select("dedup_key", "first_as_of", "last_as_of")
    by_key = {**features, _SHIFT_KEYS: features.get(NOBODY_CAME)}
    begin = pl.col("dedup_key").str.extract(r"^([^:]*):")
    about = pl.col("dedup_key").str.extract(r"^[^:]*:(?s)(.*)$")
    kind = begin.replace_strict(dict(KINDS), default=None, return_dtype=pl.String)
    held = _alerts(kept, reopen_within).with_columns(
        kind=kind,
        thing=pl.when(kind == "post").then(about.str.replace(r"/[^/]*$", "")).otherwise(about),
        feature=begin.replace_strict(by_key, default=None, return_dtype=pl.String),
    )
    planned = held.with_columns(
        plan=pl.col("feature").replace_strict(dict(plans), default=None, return_dtype=pl.String)
    )
    dated = in_month(planned.join(owners, on=["kind", "thing"]), months, "first_as_of")
    lasts = pl.col("last_as_of") - pl.col("first_as_of")
    return (
        dated.drop_nulls(["feature", "plan"])
        .sort(lasts, "thing", descending=[True, False])
        .group_by("client_id", "month", "plan", "feature", maintain_order=True)
        .agg(count=pl.len().cast(pl.Int64), examples=pl.col("name").unique(maintain_order=True).head(_EXAMPLES))
        .sort("client_id", "month", "count", "feature", descending=[False, False, True, False])
        .select(pl.col(name).cast(dtype) for name, dtype in SHADOW.items())
        .collect()
    )


def _alerts(kept: pl.LazyFrame, reopen_within: timedelta) -> pl.LazyFrame:
    """Rows of one key that follow each other closely, as one."""
    ordered = kept.sort("dedup_key", "first_as_of")
    before = pl.col("last_as_of").shift().over("dedup_key")
    is_new = (pl.col("first_as_of") - before > reopen_within).fill_null(value=True)
    return (
        ordered.with_columns(number=is_new.cum_sum().over("dedup_key"))
        .group_by("dedup_key", "number")
        .agg(pl.col("first_as_of").min(), pl.col("last_as_of").max())
    )


def owners_of(feeds: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Whose the things are that findings are about: `kind`, `thing` (as keys name it), `client_id`, `name`.

    Args:
        feeds: Tables as known at the moment (OWNED_BY), those that there are; `sites` always.
    """
    sites = feeds["sites"].select("site_id", site_client="client_id", site_name="name")
    parts = [
        sites.select(pl.lit(kind).alias("kind"), thing="site_id", client_id="site_client", name="site_name")
        for kind in ("site", "post")
    ]
    of_site = pl.coalesce("client_id", "site_client")
    for feed, kind, key, name in (
        ("tickets", "ticket", "ticket_id", "title"),
        ("work_orders", "work_order", "work_order_id", "category"),
    ):
        if feed in feeds:
            placed = feeds[feed].select(key, "client_id", "site_id", label=name).join(sites, on="site_id", how="left")
            parts.append(_owner(placed, kind, thing=pl.col(key), client=of_site, name=pl.coalesce("label", key)))
    if "devices" in feeds:
        placed = feeds["devices"].select("device_id", "site_id", "kind").join(sites, on="site_id")
        label = pl.coalesce(pl.format("{} {}", "kind", "device_id"), "device_id")
        parts.append(_owner(placed, "device", thing=pl.col("device_id"), client=pl.col("site_client"), name=label))
    if "shifts/shift_calendar" in feeds:
        placed = feeds["shifts/shift_calendar"].select("shift_id", "person_id", "site_id").join(sites, on="site_id")
        thing = pl.format("{}/{}", "shift_id", "person_id")
        parts.append(_owner(placed, "shift", thing=thing, client=pl.col("site_client"), name=pl.col("site_name")))
    return pl.concat(parts).unique(["kind", "thing"], keep="any")


def _owner(rows: pl.LazyFrame, kind: str, *, thing: pl.Expr, client: pl.Expr, name: pl.Expr) -> pl.LazyFrame:
    return rows.select(pl.lit(kind).alias("kind"), thing=thing, client_id=client, name=name)
