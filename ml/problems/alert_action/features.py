"""What is known at a moment of an alert, as numbers.

Here: features by as-of joins, for one moment or millions. Not here: labels, and where alerts come from.

Only what was known counts. An outcome counts from when it is mature: among younger alerts those that somebody took up
would be known, and the others not, so every share would be too high, and a later word on an alert changes the shares
from when it is known. Sums are of whole numbers over windows of time, so a tick that reads the windows alone says what
a training on everything says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from ml.features.asof import latest, minutes, running_count, windowed
from ml.features.rates import drawn

KEYS = ("episode_id", "as_of")
FEATURES = (
    "rule_share", "rule_recent_share", "rule_settled", "entity_share", "entity_settled", "site_share",
    "rule_site_share", "client_share", "hour_share", "all_share", "entity_day", "entity_week", "entity_gap_hours",
    "rule_day", "rule_week", "site_half_hour", "all_half_hour", "hour", "weekday", "is_working_hours", "on_duty",
    "site_open", "all_open", "severity_rank", "score", "plan_rank", "type_minutes", "is_life_safety", "age_minutes",
)  # fmt: skip
# What a moment has to bring beside the streams.
ASKED = (
    "alert_type", "entity_key", "site_id", "client_id", "begins_at", "previous_at", "severity", "score", "plan",
    "hour", "weekday", "is_working_hours", "is_life_safety",
)  # fmt: skip
# For so long after it is mature an outcome counts in a share, and for so long in a recent one.
WINDOW, RECENT = timedelta(days=90), timedelta(days=7)
DAY, WEEK, HALF_HOUR = timedelta(days=1), timedelta(days=7), timedelta(minutes=30)
# As if so many outcomes at the share one step wider had been seen.
PRIOR, PRIOR_RECENT, PRIOR_ALL, SHARE_UNKNOWN = 4.0, 4.0, 20.0, 0.3
SEVERITIES = {"low": 1.0, "medium": 2.0, "high": 3.0, "critical": 4.0}
PLANS = {"bronze": 1.0, "silver": 2.0, "gold": 3.0}
_AS_GIVEN = ("score", "hour", "weekday", "is_working_hours", "is_life_safety")
_HOUR = 60.0
_HOURS_PER_PART = 3
_GROUPS = {
    "all": (),
    "rule": ("alert_type",),
    "entity": ("alert_type", "entity_key"),
    "site": ("site_id",),
    "rule_site": ("alert_type", "site_id"),
    "client": ("client_id",),
    "hour": ("hour_part",),
}
_COUNTS = {
    "entity_day": (("alert_type", "entity_key"), DAY),
    "entity_week": (("alert_type", "entity_key"), WEEK),
    "rule_day": (("alert_type",), DAY),
    "rule_week": (("alert_type",), WEEK),
    "site_half_hour": (("site_id",), HALF_HOUR),
    "all_half_hour": ((), HALF_HOUR),
}


@dataclass(frozen=True)
class Streams:
    """Running figures, each valid from `at`.

    Attributes:
        shares: Group of `_GROUPS` to its columns, `total` (acted on) and `number` of the outcomes in the window.
        recent: The same of the rule in the recent window.
        minutes: `alert_type`, `total` minutes to resolve, `number`.
        raised: Name of `_COUNTS` to its columns and `count` of alerts raised within the span.
        site_open: `site_id`, `count`.
        all_open: `count`.
        on_duty: `count` of people on duty; without rows where no rota is known.
    """

    shares: dict[str, pl.DataFrame]
    recent: pl.DataFrame
    minutes: pl.DataFrame
    raised: dict[str, pl.DataFrame]
    site_open: pl.DataFrame
    all_open: pl.DataFrame
    on_duty: pl.DataFrame


def streams(episodes: pl.DataFrame, outcomes: pl.DataFrame, duty: pl.DataFrame) -> Streams:
    """The streams of features.

    Args:
        episodes: One row per alert: `ASKED`, `gone_at` (when it was known to be resolved; null: it is not).
        outcomes: What was known of past alerts: the columns of groups, `hour`, `matures_at`, `at` (when it became
            known, not before it was mature), `ends_at` (until when it counts: the next word, or the end of the window),
            `is_acted`.
        duty: `starts_at` (or when it was known, if that was later), `ends_at`, one row per person and stretch.
    """
    parted = outcomes.with_columns(hour_part=_hour_part())
    shares = {name: _shares(parted, by) for name, by in _GROUPS.items()}
    recent_end = pl.min_horizontal("ends_at", pl.col("matures_at") + RECENT)
    recent = _shares(parted.with_columns(ends_at=recent_end), ("alert_type",))
    return Streams(
        shares,
        recent,
        _minutes(episodes),
        {name: _raised(episodes, by, span) for name, (by, span) in _COUNTS.items()},
        _open(episodes.drop_nulls("site_id"), ("site_id",)),
        _open(episodes, ()),
        _on_duty(duty),
    )


def features(known: Streams, moments: pl.DataFrame) -> pl.DataFrame:
    """Features of alerts at moments.

    Args:
        known: The streams.
        moments: `episode_id`, `as_of`, `ASKED`; anything else.

    Returns:
        The columns of `moments` and `FEATURES`, one row per moment in order; null where nothing is known.
    """
    placed = moments.with_columns(hour_part=_hour_part())
    found = [
        *(_renamed(latest(placed, known.shares[name], by=by), name) for name, by in _GROUPS.items()),
        _renamed(latest(placed, known.recent, by=["alert_type"]), "recent"),
        _renamed(latest(placed, known.minutes, by=["alert_type"]), "minutes"),
        *(_count(placed, known.raised[name], by, name) for name, (by, _) in _COUNTS.items()),
        _count(placed, known.site_open, ("site_id",), "site_open"),
        _count(placed, known.all_open, (), "all_open"),
        latest(placed, known.on_duty, by=[]).select(on_duty=pl.col("count").cast(pl.Float64)),
    ]
    own = [name for name in moments.columns if name not in FEATURES]
    joined = pl.concat([placed, *found], how="horizontal")
    return _with_shares(_without_itself(joined)).with_columns(**_of_itself()).select(*own, *FEATURES)


def _shares(outcomes: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    rows = outcomes.select(*by, "at", "ends_at", value=pl.col("is_acted").cast(pl.Int64))
    return windowed(rows.drop_nulls(list(by)), by=by)


def _minutes(episodes: pl.DataFrame) -> pl.DataFrame:
    """How long alerts of a type took, in whole minutes; known once they were over."""
    took = (pl.col("gone_at") - pl.col("begins_at")).dt.total_minutes().clip(lower_bound=0)
    rows = episodes.drop_nulls("gone_at").select(
        "alert_type", at="gone_at", ends_at=pl.col("begins_at") + WINDOW, value=took
    )
    return windowed(rows.filter(pl.col("at") < pl.col("ends_at")), by=["alert_type"])


def _raised(episodes: pl.DataFrame, by: Sequence[str], span: timedelta) -> pl.DataFrame:
    """How many were raised within a span, at every instant at which that changes."""
    rows = episodes.drop_nulls(list(by))
    ups = rows.select(*by, at="begins_at", change=pl.lit(1))
    return running_count(pl.concat([ups, ups.with_columns(pl.col("at") + span, change=pl.lit(-1))]), by=by)


def _open(episodes: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    ups = episodes.select(*by, at="begins_at", change=pl.lit(1))
    gone = episodes.drop_nulls("gone_at")
    downs = gone.select(*by, at=pl.max_horizontal("gone_at", "begins_at"), change=pl.lit(-1))
    return running_count(pl.concat([ups, downs]), by=by)


def _on_duty(duty: pl.DataFrame) -> pl.DataFrame:
    stretches = duty.filter(pl.col("starts_at") < pl.col("ends_at"))
    ups = stretches.select(at="starts_at", change=pl.lit(1))
    return running_count(pl.concat([ups, stretches.select(at="ends_at", change=pl.lit(-1))]), by=[])


def _renamed(found: pl.DataFrame, name: str) -> pl.DataFrame:
    return found.select(pl.col("total").alias(f"_{name}_acted"), pl.col("number").alias(f"_{name}_all"))


def _count(moments: pl.DataFrame, stream: pl.DataFrame, by: Sequence[str], name: str) -> pl.DataFrame:
    return latest(moments, stream, by=by).select(pl.col("count").fill_null(0).cast(pl.Float64).alias(name))


def _without_itself(joined: pl.DataFrame) -> pl.DataFrame:
    """Counts without the alert itself: it is not among the earlier alerts, nor among the other unresolved ones."""
    age = pl.col("as_of") - pl.col("begins_at")
    is_open = (pl.col("gone_at") > pl.col("as_of")).fill_null(value=True)
    spans = {name: (age < span).cast(pl.Float64) for name, (_, span) in _COUNTS.items()}
    spans |= dict.fromkeys(("site_open", "all_open"), is_open.cast(pl.Float64))
    # Where a count needs a group that is unknown, it is 0 and not reduced.
    return joined.with_columns((pl.col(name) - own).clip(lower_bound=0) for name, own in spans.items())


def _with_shares(joined: pl.DataFrame) -> pl.DataFrame:
    everywhere = joined.with_columns(all_share=_shrunk("all", pl.lit(SHARE_UNKNOWN), PRIOR_ALL))
    wider = pl.col("all_share")
    groups = everywhere.with_columns(
        rule_share=_shrunk("rule", wider, PRIOR),
        site_share=_shrunk("site", wider, PRIOR),
        client_share=_shrunk("client", wider, PRIOR),
        hour_share=_shrunk("hour", wider, PRIOR),
    )
    own = pl.col("rule_share")
    return groups.with_columns(
        rule_recent_share=_shrunk("recent", own, PRIOR_RECENT),
        entity_share=_shrunk("entity", own, PRIOR),
        rule_site_share=_shrunk("rule_site", own, PRIOR),
        rule_settled=pl.col("_rule_all").fill_null(0).cast(pl.Float64),
        entity_settled=pl.col("_entity_all").fill_null(0).cast(pl.Float64),
        type_minutes=pl.when(pl.col("_minutes_all") > 0).then(
            pl.col("_minutes_acted") / pl.col("_minutes_all").cast(pl.Float64)
        ),
    )


def _shrunk(name: str, towards: pl.Expr, prior: float) -> pl.Expr:
    return drawn(pl.col(f"_{name}_acted"), pl.col(f"_{name}_all"), prior=prior, towards=towards)


def _of_itself() -> dict[str, pl.Expr]:
    gap = minutes(pl.col("begins_at") - pl.col("previous_at"))
    return {
        # What lies further back than a tick reads is not known to it.
        "entity_gap_hours": pl.when(pl.col("as_of") - pl.col("previous_at") <= WINDOW).then(gap / _HOUR),
        "severity_rank": _ranked("severity", SEVERITIES),
        "plan_rank": _ranked("plan", PLANS),
        "age_minutes": minutes(pl.col("as_of") - pl.col("begins_at")).clip(lower_bound=0),
        **{name: pl.col(name).cast(pl.Float64) for name in _AS_GIVEN},
    }


def _ranked(column: str, ranks: Mapping[str, float]) -> pl.Expr:
    return pl.col(column).cast(pl.String).replace_strict(ranks, default=None, return_dtype=pl.Float64)


def _hour_part() -> pl.Expr:
    return (pl.col("hour") // _HOURS_PER_PART).cast(pl.Int64)
