"""The lives of devices: when each was up, and how that ended.

Here: lives from reports and events, and labels of moments. Not here: features.

A life begins with the first report, or with the first report after an end. It ends by a recorded failure or by going
offline: no report for four hours, or for three intervals if that is longer. The end is dated to when that time was
reached. Removal, maintenance and the end of all records censor a life: they say nothing about failing.
"""

from datetime import datetime, timedelta

import polars as pl

from ml.values import INSTANT

OFFLINE_MINUTES, OFFLINE_INTERVALS = 240.0, 3.0
FAILURE, OFFLINE, REMOVED, MAINTENANCE = "failure", "offline", "removed", "maintenance"
# Somebody who works on a device switches it off: silence that begins so shortly before or after is no failure.
_WORK = timedelta(hours=4)


def offline_after() -> pl.Expr:
    """After how many minutes without a report a device is offline; null where none is expected."""
    interval = pl.col("reports_every_minutes")
    return pl.when(interval > 0).then(pl.max_horizontal(interval * OFFLINE_INTERVALS, pl.lit(OFFLINE_MINUTES)))


def lives(hourly: pl.DataFrame, devices: pl.DataFrame, events: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """All lives, as far as they were known by an instant.

    Args:
        hourly: The last version of every hour that was known by then (`device_id`, `first_at`, `last_at`).
        devices: The last version of every device (`device_id`, `site_id`, `reports_every_minutes`).
        events: Events that were known (`device_id`, `at`, `kind`, `component`).
        until: The instant. What was recorded last ends the observation of all, if that was earlier.

    Returns:
        `life_id`, `device_id`, `site_id`, `begins_at`, `ends_at` (the end, or that of the observation), `ended_by`
        (failure, offline, removed, maintenance; null: alive), `component`, `is_event` (true: it failed or went
        offline; null: not known), sorted.
    """
    seen_until = observed_until(hourly, events, until)
    heard = hourly.select("device_id", "first_at", "last_at").drop_nulls("first_at").sort("device_id", "first_at")
    heard = heard.join(devices.select("device_id", _limit=offline_after()), on="device_id", how="left")
    ends = _one_each(pl.concat([_silences(heard, events, seen_until), _recorded(events)], how="diagonal_relaxed"))
    begins = pl.concat(
        [
            heard.group_by("device_id").agg(begins_at=pl.col("first_at").min()),
            _first_after(ends, heard),
        ]
    ).drop_nulls("begins_at")
    result = (
        begins.unique(["device_id", "begins_at"])
        .sort("begins_at")
        .join_asof(
            ends.sort("ends_at"),
            left_on="begins_at",
            right_on="ends_at",
            by="device_id",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
    )
    # Two beginnings before one end are one life.
    first = result.sort("device_id", "begins_at").unique(["device_id", "ends_at"], keep="first", maintain_order=True)
    sites = devices.select("device_id", "site_id")
    return (
        first.join(sites, on="device_id", how="left")
        .with_columns(ends_at=pl.coalesce("ends_at", pl.lit(seen_until, INSTANT)))
        .filter(pl.col("begins_at") < pl.col("ends_at"))
        .select(
            pl.format("{}|{}", "device_id", pl.col("begins_at").dt.strftime("%Y-%m-%dT%H:%M")).alias("life_id"),
            "device_id",
            "site_id",
            "begins_at",
            "ends_at",
            "ended_by",
            "component",
            is_event=pl.when(pl.col("ended_by").is_in([FAILURE, OFFLINE])).then(pl.lit(value=True)),
        )
        .sort("device_id", "begins_at")
    )


def _one_each(ends: pl.DataFrame) -> pl.DataFrame:
    """One end per device and instant: a device that is taken out because it failed has failed."""
    order = pl.col("ended_by").replace_strict(
        [FAILURE, OFFLINE, MAINTENANCE, REMOVED], [0, 1, 2, 3], return_dtype=pl.Int8
    )
    ranked = ends.sort("device_id", "ends_at", order)
    return ranked.unique(["device_id", "ends_at"], keep="first", maintain_order=True)


def observed_until(hourly: pl.DataFrame, events: pl.DataFrame, until: datetime) -> datetime:
    """The end of the observation: an instant, or the last record of all where that was earlier."""
    newest = [frame[column].max() for frame, column in ((hourly, "last_at"), (events, "at"))]
    return min([until, *sorted(at for at in newest if isinstance(at, datetime))[-1:]])


def _silences(heard: pl.DataFrame, events: pl.DataFrame, seen_until: datetime) -> pl.DataFrame:
    """Where reports stopped for too long; by maintenance where somebody was at work then."""
    following = pl.coalesce(pl.col("first_at").shift(-1).over("device_id"), pl.lit(seen_until, INSTANT))
    reached = pl.col("last_at") + pl.duration(microseconds=(pl.col("_limit") * 60e6).cast(pl.Int64))
    silent = heard.with_columns(ends_at=reached, _next=following).filter(pl.col("_next") > pl.col("ends_at"))
    work = events.filter(pl.col("kind") == MAINTENANCE).select("device_id", worked_at="at").sort("worked_at")
    near = silent.sort("last_at").join_asof(
        work, left_on="last_at", right_on="worked_at", by="device_id", strategy="nearest", check_sortedness=False
    )
    worked = ((pl.col("worked_at") - pl.col("last_at")).abs() <= _WORK).fill_null(value=False)
    return near.select(
        "device_id", "ends_at", ended_by=pl.when(worked).then(pl.lit(MAINTENANCE)).otherwise(pl.lit(OFFLINE))
    )


def _recorded(events: pl.DataFrame) -> pl.DataFrame:
    return events.filter(pl.col("kind").is_in([FAILURE, REMOVED])).select(
        "device_id", ends_at="at", ended_by=pl.col("kind").cast(pl.String), component="component"
    )


def _first_after(ends: pl.DataFrame, heard: pl.DataFrame) -> pl.DataFrame:
    """The first report of each device after each end."""
    return (
        ends.select("device_id", "ends_at")
        .sort("ends_at")
        .join_asof(
            heard.select("device_id", begins_at="first_at").sort("begins_at"),
            left_on="ends_at",
            right_on="begins_at",
            by="device_id",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .select("device_id", "begins_at")
    )


def after(moments: pl.DataFrame, every: pl.DataFrame, horizon: pl.Expr, seen_until: datetime) -> pl.DataFrame:
    """The labels of moments of lives, as far as they were observed.

    Args:
        moments: `life_id`, `as_of`, and what `horizon` reads.
        every: Lives.
        horizon: Minutes within which an event counts.
        seen_until: The end of the observation. A moment whose horizon reaches beyond it has no label, even if the
            event has come: only failures could have one, which would bias the labels.

    Returns:
        `moments` with `begins_at`, `ends_at`, `ended_by`, `is_event` (whether it failed or went offline within the
        horizon; null where that was not seen), `settled_at` (the end of the horizon), `lead_minutes` (to the event,
        where it came within the horizon), `watched_minutes`, `is_ended`, `watchable_minutes`; as `ml.training.train`
        wants them.
    """
    rows = moments.join(
        every.select("life_id", "begins_at", "ends_at", "ended_by", _failed="is_event"),
        on="life_id",
        how="left",
        maintain_order="left",
    )
    failed = pl.col("_failed").fill_null(value=False)
    watched = (pl.col("ends_at") - pl.col("as_of")).dt.total_microseconds() / 60e6
    within = pl.col("watched_minutes") <= horizon
    limit = pl.col("as_of") + pl.duration(microseconds=(horizon * 60e6).cast(pl.Int64))
    return (
        rows.with_columns(watched_minutes=watched, is_ended=failed)
        .with_columns(
            is_event=pl.when(limit > pl.lit(seen_until, INSTANT))
            .then(None)
            .when(failed)
            .then(within)
            .when(~within)
            .then(pl.lit(value=False)),
            settled_at=limit,
            # Had it not failed it would have been watched to the end: a period that could not be watched to its end
            # must count neither those that ended in it nor those that did not.
            watchable_minutes=pl.when(failed)
            .then((pl.lit(seen_until, INSTANT) - pl.col("as_of")).dt.total_microseconds() / 60e6)
            .otherwise("watched_minutes"),
        )
        .with_columns(lead_minutes=pl.when("is_event").then("watched_minutes"))
        .drop("_failed")
    )
