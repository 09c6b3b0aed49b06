"""Whether health predicts failures, as an asset: scores of past ticks joined to the failures that followed.

Here: reading, one comparison, its picture. Not here: the comparison (`health.outcomes`).
"""

from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.dataset import Asked, DeviceDataset
from opsguard_assets.devices.failure.problem_io import history_of
from opsguard_assets.devices.health.assets import DEVICE_HEALTH_KEY
from opsguard_assets.devices.health.outcomes import ALL, BANDS, THEN, THROUGHOUT, failure_rates
from opsguard_assets.devices.health.plots import rates_picture
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of, picture, preview
from opsguard_assets.moment import Moment
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake

HEALTH_OUTCOMES_KEY = dg.AssetKey(["models", "health_outcomes"])
_LOOKED_AT = timedelta(days=28)
_PRECEDES = "low_scores_precede_failures"
_GOOD = BANDS[-1]


def health_outcomes_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of what followed scores."""
    chosen = settings.device_failure

    @dg.asset(
        key=HEALTH_OUTCOMES_KEY,
        deps=[DEVICE_HEALTH_KEY],
        group_name="devices",
        kinds={"polars"},
        owners=owners_of("devices"),
        description="Scores of the last 28 days beside what followed: the share of devices that failed or went "
        "offline, by band of health and horizon. A score that means something is lower before failures.",
        check_specs=[check_spec(_PRECEDES, HEALTH_OUTCOMES_KEY)],
    )
    def health_outcomes(config: Moment, lake: dg.ResourceParam[Lake]) -> Materialized:
        as_of = config.instant()
        dataset = DeviceDataset.of(history_of(lake), as_of, Asked(chosen.judged_within, chosen.visits_per_day))
        rates = failure_rates(_midnights(lake, as_of - _LOOKED_AT, as_of), dataset.lives)
        return dg.MaterializeResult(
            metadata={
                **figures({"as_of": as_of, "scores_judged": _judged(rates)}),
                "rates": preview(rates.with_columns(pl.col(pl.Float64).round(4))),
                "failures_by_band": picture(rates_picture(rates), "Failures by band"),
            },
            check_results=[_precedes(rates)],
        )

    return health_outcomes


def _midnights(lake: Lake, since: datetime, upto: datetime) -> pl.DataFrame:
    """Scores of one tick a day: scores of consecutive hours are nearly the same."""
    if not lake.exists(DEVICE_HEALTH.derived_name):
        return pl.DataFrame(schema={"device_id": pl.String, "as_of": INSTANT, "band": pl.String})
    rows = lake.scan(DEVICE_HEALTH.derived_name).select("device_id", "as_of", "band", "date")
    span = pl.col("as_of").is_between(pl.lit(since, INSTANT), pl.lit(upto, INSTANT))
    first = rows.filter(span).group_by("date").agg(pl.col("as_of").min())
    return rows.join(first, on=["date", "as_of"], how="semi").drop("date").collect()


def _judged(rates: pl.DataFrame) -> int:
    return int(rates.filter(pl.col("within") == THEN, pl.col("state") == ALL)["devices"].sum())


def _precedes(rates: pl.DataFrame) -> dg.AssetCheckResult:
    """The rates of devices that were up throughout. A score that is low because of a past outage predicts nothing."""
    week = rates.filter(pl.col("within") == "7d", pl.col("state") == THROUGHOUT)
    sums = week.group_by(is_good=pl.col("band") == _GOOD).agg(pl.col("failed", "devices").sum())
    share = {row["is_good"]: row["failed"] / row["devices"] for row in sums.iter_rows(named=True)}
    if len(share) < 2:  # noqa: PLR2004 - good ones and others
        words, holds = "not known yet: scores of good devices and of others are needed", True
    else:
        holds = share[False] >= share[True]
        words = (
            f"of devices up throughout, {share[False]:.1%} of those below good failed within a week, "
            f"{share[True]:.1%} of the good ones"
        )
    return dg.AssetCheckResult(
        check_name=_PRECEDES, passed=holds, severity=dg.AssetCheckSeverity.WARN, description=words
    )
