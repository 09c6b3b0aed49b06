"""What is to be said of a ticket that may miss its deadline, topic by topic.

Here: features to phrases. Not here: which topics matter for a row (`ml.models.explain`).

A phrase is said only where it can be a reason: nobody is told that a ticket was handed on 0 times, that a group is late
less often than all are, or anything of an assignee, group or site that the ticket does not have.
"""

import polars as pl

from ml.features.rates import drawn_from
from ml.models.explain import Topics, phrased
from ml.problems.sla_breach.features import SHRINKAGE
from ml.values import PLANS, PRIORITIES
from ml.words import counted, durations, percent, rounded, times

_LONG, _HOUR, _DAY = 60, 60, 1_440
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STATUSES = ("new", "open", "in progress", "on hold")
# How a ticket belongs to a group of tickets.
_OF = {
    "category": "in this category",
    "title": "with this title",
    "group": "of this group",
    "assignee": "of this assignee",
    "site": "at this site",
    "priority": "of this priority",
}
_SPANS = {"4h": "4 hours", "24h": "24 hours", "7d": "7 days"}
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
_EVERY = {name for members in _MEMBERS.values() for name in members}


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows.

    Args:
        rows: Features of `ml.problems.sla_breach.features`; columns that are absent count as unknown.

    Returns:
        Phrases per feature; `always` is the time left. How many outcomes are known of a group is no reason to anybody.
    """
    wanted = _EVERY | {"remaining_minutes", "age_minutes", "open_of_group"}
    unknown = [pl.lit(None, pl.Float64).alias(name) for name in sorted(wanted - set(rows.columns))]
    known = rows.with_columns(unknown).select(pl.col(sorted(wanted)).cast(pl.Float64).fill_nan(None))
    timed = [name for name in known.columns if "minutes" in name or name.startswith("handling_of_")]
    frame = known.with_columns(durations(known[name].clip(lower_bound=0)).alias(_said(name)) for name in timed)
    left = pl.format("{} of working time left", _said("remaining_minutes"))
    return Topics(
        _MEMBERS, phrased(frame, _phrases()), frame.select(left.fill_null("no deadline is known")).to_series()
    )


def _said(column: str) -> str:
    """The column of minutes in words."""
    return f"_{column}_said"


def _phrases() -> dict[str, pl.Expr]:
    """The phrase of each feature; null where there is nothing to say."""
    return {**_own(), **_around(), **_history()}


def _own() -> dict[str, pl.Expr]:
    """Of the ticket itself."""
    status = _name("status_rank", _STATUSES)
    clock = pl.format(
        "{}:{} local time",
        pl.col("local_hour").floor().cast(pl.Int64),
        # A minute is a sixtieth that was divided and comes back a hair too small.
        (pl.col("local_hour") % 1 * _HOUR + 1e-6).floor().cast(pl.Int64).cast(pl.String).str.zfill(2),
    )
    return {
        "has_assignee": pl.when(pl.col("has_assignee") == 0).then(
            pl.format("unassigned, opened {} ago", _said("age_minutes"))
        ),
        "minutes_since_change": pl.when(pl.col("minutes_since_change") >= _LONG).then(
            pl.format("no change for {}", _said("minutes_since_change"))
        ),
        "is_answered": pl.when(pl.col("is_answered") == 0).then(pl.lit("no response in time so far")),
        "changes": _if_any("changes", pl.format("changed {}", times(pl.col("changes")))),
        "status_rank": pl.format("status {}", status),
        "minutes_in_status": pl.format("status {} for {}", status, _said("minutes_in_status")),
        "reassignments": _if_any("reassignments", pl.format("reassigned {}", times(pl.col("reassignments")))),
        "group_changes": _if_any(
            "group_changes", pl.format("given to another group {}", times(pl.col("group_changes")))
        ),
        "reopenings": _if_any("reopenings", pl.format("reopened {}", times(pl.col("reopenings")))),
        "priority_changes": _if_any(
            "priority_changes", pl.format("priority changed {}", times(pl.col("priority_changes")))
        ),
        "is_paused": pl.when(pl.col("is_paused") == 1).then(pl.lit("its clock is paused")),
        "paused_minutes": _if_any("paused_minutes", pl.format("paused for {} so far", _said("paused_minutes"))),
        "priority_rank": pl.format("priority {}", _name("priority_rank", PRIORITIES)),
        "plan_rank": pl.format("plan {}", _name("plan_rank", PLANS)),
        "sentiment": pl.when(pl.col("sentiment") < 0).then(pl.lit("the requester sounds displeased")),
        "local_hour": clock,
        "weekday": pl.format("a {}", _name("weekday", _DAYS, first=1)),
    }


def _around() -> dict[str, pl.Expr]:
    """Of the work around it."""
    days = pl.col("queue_days_of_group")
    waits = pl.format("the group's open tickets are {} days of its work", rounded(days, 1))
    found = {
        f"open_of_{name}": _if_any(
            f"open_of_{name}",
            pl.format("the {} has {}", pl.lit(name), counted(pl.col(f"open_of_{name}"), "open ticket")),
        )
        for name in ("group", "assignee", "site")
    }
    for span, words in _SPANS.items():
        for prefix, where in (("arrivals", ""), ("group_arrivals", " in this group")):
            name = f"{prefix}_{span}"
            came = pl.format("{} in {}{}", counted(pl.col(name), "new ticket"), pl.lit(words), pl.lit(where))
            found[name] = _if_any(name, came)
    return found | {"queue_days_of_group": pl.when(pl.col("open_of_group") >= 1).then(waits)}


def _history() -> dict[str, pl.Expr]:
    """Of tickets like it."""
    found = {
        "late_rate": pl.format("{} of all tickets were late lately", percent(pl.col("late_rate"))),
        "handling_minutes": pl.format("work on a ticket usually takes {}", _said("handling_minutes")),
    }
    for group, words in _OF.items():
        rate, number = pl.col(f"late_rate_of_{group}"), pl.col(f"outcomes_of_{group}")
        late = drawn_from(rate, number, prior=SHRINKAGE, towards=pl.col("late_rate"))
        said = pl.format("{} of the last {} {} late", late, counted(number, "ticket"), pl.lit(words))
        more = (number >= 1) & (late >= 1) & (rate > pl.col("late_rate"))
        found[f"late_rate_of_{group}"] = pl.when(more).then(said)
        takes = pl.format("a ticket {} usually takes {} to its end", pl.lit(words), _said(f"minutes_of_{group}"))
        found[f"minutes_of_{group}"] = takes
        if f"handling_of_{group}" in _EVERY:
            worked = pl.format("work on a ticket {} usually takes {}", pl.lit(words), _said(f"handling_of_{group}"))
            found[f"handling_of_{group}"] = worked
    return found


def _if_any(column: str, words: pl.Expr) -> pl.Expr:
    return pl.when(pl.col(column) >= 1).then(words)


def _name(column: str, names: tuple[str, ...], first: int = 0) -> pl.Expr:
    places = [float(first + i) for i in range(len(names))]
    return pl.col(column).replace_strict(places, list(names), default=None, return_dtype=pl.String)
