"""The alerts that a model would have raised over a past period, and their results.

Here: scores of every tick in, alerts and their figures out, for a whole grid of thresholds at once. Not here: scoring
(a problem's own), prices (settings), reports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ml.evaluation.money import Costs
from ml.values import INSTANT

CAUGHT, FALSE_ALARM, MISSED, OPEN = "caught", "false alarm", "missed", "not known yet"


@dataclass(frozen=True)
class Period:
    """A span of ticks, `begins_at` included, `ends_at` not."""

    begins_at: datetime
    ends_at: datetime

    @property
    def days(self) -> float:
        """Its length."""
        return (self.ends_at - self.begins_at).total_seconds() / 86_400


def alerts(scored: pl.DataFrame, *, key: str, raise_from: float, clear_below: float) -> pl.DataFrame:
    """The alerts of a threshold over consecutive ticks, with hysteresis.

    Args:
        scored: `key`, `as_of`, `risk` (null: not scored), every tick of every entity.
        key: The column that names the entity.
        raise_from: The risk from which an alert is raised.
        clear_below: The risk below which it clears, so that a risk around the threshold is one alert.

    Returns:
        One row per alert: `key`, `raised_at`, `last_at` (its last tick), `peak` (greatest risk), sorted.
    """
    risk = pl.col("risk")
    # Between the two thresholds, and while nothing can be said, things stay as they are.
    turn = pl.when(risk >= raise_from).then(1).when(risk < clear_below).then(0)
    ticks = scored.sort(key, "as_of").with_columns(
        _on=turn.forward_fill().over(key).fill_null(0).cast(pl.Boolean),
    )
    numbered = ticks.with_columns(
        _number=(pl.col("_on") & ~pl.col("_on").shift(1).over(key).fill_null(value=False)).cum_sum()
    )
    return (
        numbered.filter("_on")
        .group_by(key, "_number")
        .agg(raised_at=pl.col("as_of").min(), last_at=pl.col("as_of").max(), peak=risk.max())
        .drop("_number")
        .sort("raised_at", key)
    )


def firsts(scored: pl.DataFrame, *, key: str, thresholds: Sequence[float]) -> pl.DataFrame:
    """When each entity reached each threshold first: (`key`, `threshold`, `raised_at`), in one pass."""
    reached = [
        pl.col("as_of").filter(pl.col("risk") >= threshold).min().alias(str(number))
        for number, threshold in enumerate(thresholds)
    ]
    wide = scored.group_by(key).agg(reached)
    long = wide.unpivot(index=key, variable_name="_number", value_name="raised_at").drop_nulls("raised_at")
    values = pl.DataFrame(
        {"_number": [str(n) for n in range(len(thresholds))], "threshold": list(thresholds)},
        schema={"_number": pl.String, "threshold": pl.Float64},
    )
    return long.join(values, on="_number").select(key, "threshold", "raised_at").sort("threshold", key)


def fates(
    found: pl.DataFrame,
    lives: pl.DataFrame,
    period: Period,
    *,
    key: str,
    thresholds: Sequence[float],
    within: float | None = None,
) -> pl.DataFrame:
    """The fate of every entity that was alerted or had its event in the period.

    Args:
        found: `key`, `threshold`, `raised_at`: the first alert of an entity.
        lives: `key`, `begins_at`, `ends_at` (the event, or the end), `is_event` (null: it had not to be known yet).
        period: The period of the ticks.
        key: The column that names the entity.
        thresholds: The grid; an event counts as missed at each of them that found nothing.
        within: How many minutes after its alert an event counts; without it the entity's own deadline decides. An alert
            that came earlier, or for an entity that was seen without an event for so long, was false.

    Returns:
        One row per entity and threshold: `fate` (caught, false alarm, missed, not known yet), `lead_minutes` (from the
        alert to the event, for those caught), `raised_at`, `ends_at`, `is_settled` (whether the fate of the alert had
        to be known by now: within a horizon that still runs, only what was caught is known).
    """
    begins, ends = pl.lit(period.begins_at, INSTANT), pl.lit(period.ends_at, INSTANT)
    happened = lives.filter("is_event", pl.col("ends_at") >= begins, pl.col("ends_at") < ends).select(key)
    every = happened.join(pl.DataFrame({"threshold": list(thresholds)}, {"threshold": pl.Float64}), how="cross")
    pairs = pl.concat([every, found.select(key, "threshold")]).unique()
    rows = pairs.join(found, on=[key, "threshold"], how="left").join(
        lives.select(key, "begins_at", "ends_at", "is_event"), on=key, how="left"
    )
    alerted = pl.col("raised_at").is_not_null()
    settled = pl.col("is_event").is_not_null()
    if within is not None:
        seen_until = lives.select(pl.col("ends_at").max()).item()
        settled = pl.col("raised_at") + timedelta(minutes=within) <= pl.lit(seen_until, INSTANT)
        rows = rows.with_columns(is_event=_within(within))
    fate = (
        pl.when(~alerted)
        .then(pl.lit(MISSED))
        .when(pl.col("is_event").is_null())
        .then(pl.lit(OPEN))
        .when("is_event")
        .then(pl.lit(CAUGHT))
        .otherwise(pl.lit(FALSE_ALARM))
    )
    lead = (pl.col("ends_at") - pl.col("raised_at")).dt.total_microseconds() / 60e6
    return rows.with_columns(
        fate=fate,
        lead_minutes=pl.when(alerted & pl.col("is_event")).then(lead),
        is_settled=settled.fill_null(value=False),
    ).sort("threshold", "ends_at", key)


def _within(minutes: float) -> pl.Expr:
    """Whether the event came in time after its alert; that of an entity without an alert stays as it is."""
    later = (pl.col("ends_at") - pl.col("raised_at")).dt.total_microseconds() / 60e6
    came = pl.col("is_event").fill_null(value=False)
    label = pl.when(later > minutes).then(pl.lit(value=False)).when(came).then(pl.lit(value=True))
    return pl.when(pl.col("raised_at").is_null()).then("is_event").otherwise(label)


def figures(judged: pl.DataFrame, period: Period, costs: Costs) -> list[dict[str, Any]]:
    """Per threshold, from `fates`: counts, alerts per day, precision, recall, lead times in minutes, money.

    Precision is over alerts whose outcome had to be known (`is_settled`), recall over the events of the period
    (`caught_in_time`; others that were caught happened after it). `handling_cost` is that of all alerts, `saved_cost`
    what acting on those that came early enough is believed to save, `net_saved` the difference.
    """
    in_time = (pl.col("fate") == CAUGHT) & (pl.col("ends_at") < pl.lit(period.ends_at, INSTANT))
    caught, false, missed, unknown = ((pl.col("fate") == fate).sum() for fate in (CAUGHT, FALSE_ALARM, MISSED, OPEN))
    lead, settled = pl.col("lead_minutes"), pl.col("is_settled")
    rows = (
        judged.group_by("threshold")
        .agg(
            alerted=pl.col("raised_at").is_not_null().sum(),
            caught=caught,
            caught_in_time=in_time.sum(),
            false_alarms=false,
            missed=missed,
            not_known_yet=unknown,
            right=(settled & (pl.col("fate") == CAUGHT)).sum(),
            wrong=(settled & (pl.col("fate") == FALSE_ALARM)).sum(),
            in_good_time=(lead >= costs.lead_minutes).sum(),
            lead_p10_minutes=lead.quantile(0.1),
            lead_p50_minutes=lead.quantile(0.5),
            lead_p90_minutes=lead.quantile(0.9),
        )
        .sort("threshold")
        .with_columns(
            alerts_per_day=pl.col("alerted") / period.days,
            precision=_share("right", "wrong"),
            recall=_share("caught_in_time", "missed"),
            handling_cost=pl.col("alerted") * costs.alert,
            saved_cost=pl.col("in_good_time") * costs.prevented_share * costs.miss,
        )
        .with_columns(net_saved=pl.col("saved_cost") - pl.col("handling_cost"))
        .drop("right", "wrong")
    )
    return rows.to_dicts()


def _share(part: str, other: str) -> pl.Expr:
    whole = pl.col(part) + pl.col(other)
    return pl.when(whole > 0).then(pl.col(part) / whole)
