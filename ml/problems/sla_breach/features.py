"""The features of an open ticket for missing its deadline.

Here: one function for serving, training and replay. Not here: clocks (given as readings) and streams (`streams`).
Every feature is an as-of look-up: it uses only what had become known by the moment.
"""

from datetime import timedelta

import polars as pl

from ml.features.asof import latest, minutes
from ml.features.rates import drawn
from ml.problems.sla_breach.streams import GROUPINGS, HANDLED, LOADED, Streams
from ml.values import PLANS, PRIORITIES

STATUSES = ("new", "open", "in_progress", "on_hold")
WINDOWS = {"4h": timedelta(hours=4), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
# An average over few outcomes is pulled towards that of all: as if so many average ones had been seen.
SHRINKAGE = 10.0
CLOCK = ("remaining_minutes", "elapsed_minutes", "age_minutes", "fraction_used", "paused_minutes")
FEATURES = (
    *CLOCK,
    "window_minutes",
    "is_paused",
    "is_answered",
    "priority_rank",
    "plan_rank",
    "sentiment",
    "has_assignee",
    "minutes_since_change",
    "status_rank",
    "minutes_in_status",
    "reassignments",
    "group_changes",
    "priority_changes",
    "reopenings",
    "changes",
    *(f"open_of_{column.removesuffix('_id')}" for column in LOADED),
    *(f"arrivals_{name}" for name in WINDOWS),
    *(f"group_arrivals_{name}" for name in WINDOWS),
    "late_rate",
    *(f"late_rate_of_{column.removesuffix('_id')}" for column in GROUPINGS),
    *(f"outcomes_of_{column.removesuffix('_id')}" for column in GROUPINGS),
    *(f"minutes_of_{column.removesuffix('_id')}" for column in GROUPINGS),
    "due_in_minutes",
    "closing_minutes",
    "slack_minutes",
    "handling_minutes",
    *(f"handling_of_{column.removesuffix('_id')}" for column in HANDLED),
    "queue_days_of_group",
    "local_hour",
    "weekday",
)
# What else the clock says.
CLOCK_STATE = ("timezone", "resolution_state", "response_state", "resolution_due_at")
KEYS = ("ticket_id", "as_of", "client_id", "site_id", "priority", "is_open")


def features(known: Streams, moments: pl.DataFrame) -> pl.DataFrame:
    """The features of some tickets at some moments.

    Args:
        known: Streams that reach at least to the last moment; what they hold beyond a moment does not matter to it.
        moments: `ticket_id`, `as_of` and the readings of the SLA clock at that moment (`CLOCK`, `timezone`,
            `resolution_state`, `response_state`, `resolution_due_at`).

    Returns:
        One row per moment in the given order: `KEYS` (`is_open`: somebody still works on it) and `FEATURES` (Float64;
        null where unknown). Durations in minutes, working time where the clock counts it.
    """
    if not moments["as_of"].is_sorted():
        # Sorted once, not for every look-up.
        order = moments["as_of"].arg_sort()
        return features(known, moments[order])[order.arg_sort()]
    state = latest(moments, known.states, by=["ticket_id"])
    rows = moments.select("ticket_id", "as_of", *CLOCK, *CLOCK_STATE).hstack(state)
    parts = [
        rows,
        *(_load(rows, known, column) for column in LOADED),
        *(_arrivals(rows, known.arrivals["all"], [], "arrivals", span, name) for name, span in WINDOWS.items()),
        *(
            _arrivals(rows, known.arrivals["group_id"], ["group_id"], "group_arrivals", span, name)
            for name, span in WINDOWS.items()
        ),
        _rates(rows, known),
        *(_minutes(rows, known, column) for column in GROUPINGS),
        *_handling(rows, known),
        latest(rows, known.closing, by=[]).select(pl.col("figure").alias("closing_minutes")),
        latest(rows, known.plans, by=["client_id"]),
        _local(rows),
    ]
    wide = pl.concat(parts, how="horizontal").with_columns(_own()).with_columns(_derived())
    return wide.select(
        *KEYS,
        *(pl.col(name).cast(pl.Float64) for name in FEATURES),
    )


def _own() -> list[pl.Expr]:
    """What follows from the ticket itself."""
    since = minutes(pl.col("as_of") - pl.col("updated_at"))
    left = minutes(pl.col("resolution_due_at") - pl.col("as_of"))
    return [
        (pl.col("elapsed_minutes") + pl.col("remaining_minutes")).alias("window_minutes"),
        (pl.col("resolution_state") == "paused").alias("is_paused"),
        (pl.col("response_state") == "met").alias("is_answered"),
        _rank("priority", PRIORITIES).alias("priority_rank"),
        _rank("plan", PLANS).alias("plan_rank"),
        pl.col("assignee_id").is_not_null().alias("has_assignee"),
        since.clip(lower_bound=0).alias("minutes_since_change"),
        _rank("status", STATUSES).alias("status_rank"),
        minutes(pl.col("as_of") - pl.col("status_since")).alias("minutes_in_status"),
        # While a clock is paused nobody knows when it will be due: at the earliest, if it went on now.
        pl.coalesce(left, "remaining_minutes").alias("due_in_minutes"),
    ]


def _derived() -> list[pl.Expr]:
    """Time left for the work itself, and for how many days work waits in the group (Little's law)."""
    per_day = pl.col("group_handled_7d") / 7
    return [
        (pl.col("due_in_minutes") - pl.col("closing_minutes")).alias("slack_minutes"),
        # A group that finished nothing counts as if it had finished one ticket a week.
        (pl.col("open_of_group") / per_day.clip(lower_bound=1 / 7)).alias("queue_days_of_group"),
    ]


def _rank(column: str, order: tuple[str, ...]) -> pl.Expr:
    ranks = range(len(order))
    return (
        pl.col(column).cast(pl.String).replace_strict(list(order), list(ranks), default=None, return_dtype=pl.Float64)
    )


def _load(rows: pl.DataFrame, known: Streams, column: str) -> pl.DataFrame:
    name = f"open_of_{column.removesuffix('_id')}"
    count = latest(rows, known.loads[column], by=[column]).get_column("count").fill_null(0).alias(name)
    return count.to_frame().select(pl.when(rows[column].is_not_null()).then(pl.col(name)).alias(name))


def _arrivals(
    rows: pl.DataFrame, stream: pl.DataFrame, by: list[str], prefix: str, span: timedelta, name: str
) -> pl.DataFrame:
    """How many tickets became known in the span before each moment."""
    now = latest(rows, stream, by=by).get_column("count").fill_null(0)
    before = latest(rows.select(*by, as_of=pl.col("as_of") - span), stream, by=by).get_column("count").fill_null(0)
    return (now - before).alias(f"{prefix}_{name}").to_frame()


def _rates(rows: pl.DataFrame, known: Streams) -> pl.DataFrame:
    """Shares of late outcomes among the last known, shrunk towards the share of all."""
    everything = latest(rows, known.rates["all"], by=[])
    overall = (everything["total"] / everything["number"]).alias("late_rate")
    frames = [overall.to_frame()]
    for column in GROUPINGS:
        short = column.removesuffix("_id")
        own = latest(rows, known.rates[column], by=[column]).with_columns(overall)
        number = pl.col("number").fill_null(0)
        rate = drawn(pl.col("total"), number, prior=SHRINKAGE, towards=pl.col("late_rate"))
        frames.append(own.select(rate.alias(f"late_rate_of_{short}"), number.alias(f"outcomes_of_{short}")))
    return pl.concat(frames, how="horizontal")


def _minutes(rows: pl.DataFrame, known: Streams, column: str) -> pl.DataFrame:
    name = f"minutes_of_{column.removesuffix('_id')}"
    return latest(rows, known.minutes[column], by=[column]).select(pl.col("figure").alias(name))


def _handling(rows: pl.DataFrame, known: Streams) -> list[pl.DataFrame]:
    """How long work on tickets took lately, and how much of it the group finished.

    Counts of finished tickets are not features: they identify the month, and every month is new.
    """
    usual = latest(rows, known.handling["all"], by=[]).select(pl.col("figure").alias("handling_minutes"))
    own = [
        latest(rows, known.handling[column], by=[column]).select(
            pl.col("figure").alias(f"handling_of_{column.removesuffix('_id')}")
        )
        for column in HANDLED
    ]
    group = _arrivals(rows, known.handled, ["group_id"], "group_handled", WINDOWS["7d"], "7d")
    return [usual, *own, group]


def _local(rows: pl.DataFrame) -> pl.DataFrame:
    """Hour and weekday where the ticket's clock runs."""
    zone = pl.col("timezone").fill_null("UTC")
    hour, weekday = pl.lit(None, pl.Float64), pl.lit(None, pl.Float64)
    for name in rows.select(zone.unique()).to_series():
        local = pl.col("as_of").dt.convert_time_zone(name)
        here = zone == name
        hour = pl.when(here).then(local.dt.hour() + local.dt.minute() / 60).otherwise(hour)
        weekday = pl.when(here).then(local.dt.weekday().cast(pl.Float64)).otherwise(weekday)
    return rows.with_columns(local_hour=hour, weekday=weekday).select("local_hour", "weekday")
