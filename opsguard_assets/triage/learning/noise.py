"""Which rules are noise: how many of their alerts needed a person, and what hiding them would have hidden.

Here: from outcomes to figures and proposals. Not here: outcomes (`outcomes`), reading (`noise_io`), muting itself.

A proposal is words for a person; nothing is muted by itself. What protects lives and what is critical is never proposed
to be hidden. Intervals are those of Wilson (1927), 95 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from ml.evaluation.intervals import wilson
from ml.words import counted, percent
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.triage.learning.dataset import AlertDataset
from opsguard_assets.triage.learning.schemas import ALERT_NOISE

_CRITICAL = "critical"
OURS, THEIRS = "opsguard", "another system"
_RULE = ["alert_type", "source", "client_id"]
NOISE = ALERT_NOISE.columns


@dataclass(frozen=True)
class Stated:
    """What was stated beforehand.

    Attributes:
        days: Figures are of so many days.
        noisy_below: A rule is noise where its precision is surely below this share.
        alerts_per_day: How many alerts a day a desk can handle.
        real_per_day: How many of these have to need a person.
        of_teams: The same two of desks for which others are stated.
    """

    days: int
    noisy_below: float
    alerts_per_day: float
    real_per_day: float
    of_teams: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def judged(dataset: AlertDataset, since: datetime) -> pl.DataFrame:
    """The alerts raised since an instant whose outcome is known: type, source, client, severity, score, `is_event`."""
    first = dataset.known.versions.group_by("episode_id", maintain_order=True).agg(
        pl.col("severity").first(), pl.col("score").first()
    )
    lives = pl.col("alert_type").is_in(list(dataset.life_safety))
    raised = dataset.episodes.filter(pl.col("begins_at") >= pl.lit(since, INSTANT)).drop_nulls("is_event")
    return raised.join(first, on="episode_id", how="left", maintain_order="left").with_columns(
        source=pl.when(pl.col("external_alert_id").is_null()).then(pl.lit(OURS)).otherwise(pl.lit(THEIRS)),
        is_kept=lives | (pl.col("severity") == _CRITICAL),
    )


def noise(alerts: pl.DataFrame, stated: Stated) -> pl.DataFrame:
    """Precision of every rule, source and client, the noisiest first.

    Args:
        alerts: Rows of `judged`.
        stated: From when a rule is noise.

    Returns:
        `NOISE`: `alerts` with an outcome, `acted_on`, `precision` with its interval, what a mute would have hidden
        (`mute_hides`, and how many of these needed a person), the highest `threshold` of the score that hides none
        that needed one (null: there is no score, or nothing to hide) and what it hides, and a proposal in words.
        Critical alerts and those that protect lives are counted and never hidden.
    """
    acted, may_hide = pl.col("is_event"), ~pl.col("is_kept")
    least = pl.col("score").filter(acted).min()
    rows = alerts.group_by(_RULE).agg(
        alerts=pl.len(),
        acted_on=acted.sum(),
        kept=pl.col("is_kept").sum(),
        mute_hides=may_hide.sum(),
        mute_hides_needed=(may_hide & acted).sum(),
        threshold=least,
        threshold_hides=(may_hide & (pl.col("score") < least)).sum(),
    )
    hides = pl.col("threshold_hides") > 0
    whole = rows.with_columns(
        pl.when(hides).then("threshold"), pl.when(hides).then("threshold_hides"), **_with_interval()
    )
    proposed = whole.with_columns(proposal=_proposal(stated))
    order = {"high": False, "alerts": True, "alert_type": False, "client_id": False}
    return proposed.select(NOISE).sort(list(order), descending=list(order.values()))


def desks(alerts: pl.DataFrame, stated: Stated, as_of: datetime) -> pl.DataFrame:
    """What each desk was given, against what was stated for it beforehand.

    Args:
        alerts: Rows of `judged` with `team`, the desk that handles them.
        stated: How many alerts a day, and how many of them needing a person.
        as_of: Until when alerts were raised.

    Returns:
        One row per team that got an alert or of which something is stated, by name: `team`, `alerts_per_day`,
        `real_per_day`, `share` (null: no alerts), its interval `low` and `high`, `stated_alerts`, `stated_real`,
        `stated_share`, `holds` (no more alerts a day than stated, and the interval reaches the stated share; a desk
        without alerts keeps what was stated).
    """
    recent = alerts.filter(pl.col("begins_at") >= pl.lit(as_of - timedelta(days=stated.days), INSTANT))
    counts = recent.group_by("team").agg(alerts=pl.len(), acted_on=pl.col("is_event").sum())
    own = pl.DataFrame(
        [(team, *numbers) for team, numbers in stated.of_teams.items()],
        schema={"team": pl.String, "stated_alerts": pl.Float64, "stated_real": pl.Float64},
        orient="row",
    )
    rows = counts.join(own, on="team", how="full", coalesce=True).with_columns(
        pl.col("alerts", "acted_on").fill_null(0),
        stated_alerts=pl.col("stated_alerts").fill_null(stated.alerts_per_day),
        stated_real=pl.col("stated_real").fill_null(stated.real_per_day),
    )
    shares = rows.with_columns(stated_share=pl.col("stated_real") / pl.col("stated_alerts"), **_with_interval())
    per_day = pl.col("alerts") / stated.days
    return shares.select(
        "team",
        "low",
        "high",
        "stated_alerts",
        "stated_real",
        "stated_share",
        alerts_per_day=per_day,
        real_per_day=pl.col("acted_on") / stated.days,
        share="precision",
        holds=(per_day <= pl.col("stated_alerts")) & (pl.col("high") >= pl.col("stated_share")),
    ).sort("team")


def maturity(dataset: AlertDataset, since: datetime) -> dict[str, int]:
    """Whether only mature labels count: alerts raised since an instant, how many are mature, labelled, and too early.

    Args:
        dataset: What was known by its instant.
        since: From when alerts count.

    Returns:
        `alerts`, `mature` (known for as long as an outcome takes), `labelled` (with an outcome), `early` (with one that
        nobody could know for sure at the instant; there must be none).
    """
    last = pl.lit(dataset.until - dataset.matures, INSTANT)
    recent = dataset.episodes.filter(pl.col("begins_at") >= pl.lit(since, INSTANT))
    is_mature, is_labelled = pl.col("begins_at") <= last, pl.col("is_event").is_not_null()
    counts = recent.select(
        alerts=pl.len(), mature=is_mature.sum(), labelled=is_labelled.sum(), early=(is_labelled & ~is_mature).sum()
    )
    return {name: int(number) for name, number in counts.row(0, named=True).items()}


def _with_interval() -> Mapping[str, pl.Expr]:
    """The share that needed a person with the ends of its interval: `precision`, `low`, `high`."""
    found = wilson(pl.col("acted_on"), pl.col("alerts"))
    return {"precision": found["share"], "low": found["low"], "high": found["high"]}


def _proposal(stated: Stated) -> pl.Expr:
    is_noise = pl.col("high") < stated.noisy_below
    found = pl.format("{} of {} needed a person", pl.col("acted_on"), counted(pl.col("alerts"), "alert"))
    hidden = counted(pl.col("mute_hides"), "alert")
    raised = pl.format(
        "{}: raise its threshold to {}, which hides {} and none that needed a person",
        found,
        percent(pl.col("threshold")),
        counted(pl.col("threshold_hides"), "alert"),
    )
    muted = pl.format("{}: mute it, which hides {} and none that needed a person", found, hidden)
    repair = pl.format(
        "{}: repair its cause; a mute would hide {} that needed a person",
        found,
        counted(pl.col("mute_hides_needed"), "alert"),
    )
    kept = pl.format("{}: keep it, all of them are critical or protect lives", found)
    return (
        pl.when(~is_noise)
        .then(pl.format("{}: keep it", found))
        .when(pl.col("mute_hides") == 0)
        .then(kept)
        .when(pl.col("threshold").is_not_null())
        .then(raised)
        .when(pl.col("mute_hides_needed") == 0)
        .then(muted)
        .otherwise(repair)
    )
