"""What is to be said of a ticket that may miss its deadline, topic by topic.

Here: features to phrases. Not here: which topics matter for a row (`ml.explain`).

A phrase is said only where it can be a reason: nobody is told that a ticket was handed on 0 times.
"""

import polars as pl

from ml.explain import Topics
from ml.words import durations

_LONG = 60
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PRIORITIES = ("critical", "high", "medium", "low")
_PLANS = ("bronze", "silver", "gold")
_MEMBERS: dict[str, tuple[str, ...]] = {
    "owner": ("has_assignee", "minutes_since_change", "is_answered", "changes", "status_rank", "minutes_in_status"),
    "group": ("open_of_group", "queue_days_of_group", "group_arrivals_4h", "group_arrivals_24h", "group_arrivals_7d"),
    "assignee": ("open_of_assignee",),
    "site": ("open_of_site",),
    "arrivals": ("arrivals_4h", "arrivals_24h", "arrivals_7d"),
    "hands": ("reassignments", "group_changes"),
    "reopened": ("reopenings",),
    "raised": ("priority_changes",),
    "paused": ("is_paused", "paused_minutes"),
    "priority": ("priority_rank", "late_rate_of_priority", "outcomes_of_priority", "minutes_of_priority"),
    "plan": ("plan_rank",),
    "mood": ("sentiment",),
    "kind": (
        "late_rate_of_category", "outcomes_of_category", "minutes_of_category", "handling_of_category",
        "late_rate_of_title", "outcomes_of_title", "minutes_of_title", "handling_of_title",
    ),
    "group_history": ("late_rate_of_group", "outcomes_of_group", "minutes_of_group", "handling_of_group"),
    "assignee_history": (
        "late_rate_of_assignee", "outcomes_of_assignee", "minutes_of_assignee", "handling_of_assignee",
    ),
    "site_history": ("late_rate_of_site", "outcomes_of_site", "minutes_of_site"),
    "history": ("late_rate", "handling_minutes"),
    "hour": ("local_hour", "weekday"),
}  # fmt: skip


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows.

    Args:
        rows: Features of `ml.sla_breach.features`; columns that are absent count as unknown.

    Returns:
        Phrases per topic; `always` is the time left.
    """
    wanted = {name for members in _MEMBERS.values() for name in members} | {"remaining_minutes", "age_minutes"}
    unknown = [pl.lit(None, pl.Float64).alias(name) for name in sorted(wanted - set(rows.columns))]
    known = rows.with_columns(unknown).select(pl.col(sorted(wanted)).cast(pl.Float64).fill_nan(None))
    told = known.with_columns(
        _left=_duration(known, "remaining_minutes", " of working time left"),
        _waited=_duration(known, "minutes_since_change", ""),
        _aged=_duration(known, "age_minutes", ""),
        _paused=_duration(known, "paused_minutes", ""),
    )
    time = told.select(pl.col("_left").fill_null("no deadline is known")).to_series()
    phrases = {name: told.select(phrase).to_series() for name, phrase in _phrases().items()}
    return Topics(_MEMBERS, phrases, time)


def _duration(rows: pl.DataFrame, column: str, suffix: str) -> pl.Series:
    return durations(rows[column].clip(lower_bound=0), suffix)


def _phrases() -> dict[str, pl.Expr]:
    """The phrase of each topic; null where there is nothing to say."""
    hour = pl.col("local_hour").floor().cast(pl.Int64)
    return {
        "owner": pl.when(pl.col("has_assignee") == 0)
        .then(pl.format("waiting {} unassigned", "_aged"))
        .when(pl.col("minutes_since_change") >= _LONG)
        .then(pl.format("no change for {}", "_waited")),
        "group": _count("open_of_group", "the group has {} open", least=1),
        "assignee": _count("open_of_assignee", "the assignee has {} open", least=1),
        "site": _count("open_of_site", "the site has {} open", least=1),
        "arrivals": _count("arrivals_24h", "{} tickets came in 24 h", least=1),
        "hands": _count(pl.col("reassignments").fill_null(0) + pl.col("group_changes").fill_null(0), "handed on {}x"),
        "reopened": _count("reopenings", "reopened {}x"),
        "raised": _count("priority_changes", "priority changed {}x"),
        "paused": pl.when(pl.col("paused_minutes") > 0).then(pl.format("paused for {}", "_paused")),
        "priority": pl.format("priority {}", _name("priority_rank", _PRIORITIES)),
        "plan": pl.format("plan {}", _name("plan_rank", _PLANS)),
        "mood": pl.when(pl.col("sentiment") < 0).then(pl.lit("the requester is not pleased")),
        "kind": _share("late_rate_of_category", "late lately in this category"),
        "group_history": _share("late_rate_of_group", "late lately in this group"),
        "assignee_history": _share("late_rate_of_assignee", "late lately with this assignee"),
        "site_history": _share("late_rate_of_site", "late lately at this site"),
        "history": _share("late_rate", "of all tickets late lately"),
        "hour": pl.format("{} {} h", _name("weekday", _DAYS, first=1), hour),
    }


def _count(column: str | pl.Expr, words: str, *, least: int = 1) -> pl.Expr:
    number = pl.col(column) if isinstance(column, str) else column
    return pl.when(number >= least).then(pl.format(words, number.cast(pl.Int64)))


def _share(column: str, words: str) -> pl.Expr:
    return pl.format("{} % " + words, (pl.col(column) * 100).round(0).cast(pl.Int64))


def _name(column: str, names: tuple[str, ...], first: int = 0) -> pl.Expr:
    places = [float(first + i) for i in range(len(names))]
    return pl.col(column).replace_strict(places, list(names), default=None, return_dtype=pl.String)
