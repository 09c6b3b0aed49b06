"""The running state of every device: levels, exponential averages and counts, by when they became known.

Here: streams sorted by device and knowledge, from hourly rollups and events. Not here: features at a moment
(`features`), lives and labels (`lives`).

A row of a stream holds what was known of a device from `at` on. Averages are exponential in time (half-lives of 6
hours, a day, a week and 30 days), so the future of a device depends on its last row alone. A stream that resumes from a
stored last row gives the same rows as one over the whole history.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from ml.values import INSTANT

# Seconds.
HALF_LIVES: Mapping[str, int] = {"6h": 21_600, "1d": 86_400, "7d": 604_800, "30d": 2_592_000}
# After 1,100 of the longest half-lives a weight is below the least number there is.
_FORGOTTEN = 1_100 * 2_592_000
_GROUP = "_group"
# Levels hold until the next one; of what is new, every version of an hour adds its difference to the one before.
_LEVELS = (
    "battery_last_pct", "signal_mean_dbm", "signal_std_db", "temperature_mean_c", "temperature_max_c",
    "temperature_min_c",
)  # fmt: skip
_NEW = ("reports", "online_minutes", "errors", "discharge_pct", "discharge_minutes", "temperature_out_minutes")
_SHARES = ("temperature_out_share", "offline_share", "errors_per_report", "discharge_pct_per_day")
_AVERAGED = ("battery_last_pct", "signal_mean_dbm", "signal_std_db", "temperature_mean_c", *_SHARES)
STATE = ("hour_at", "last_at", "first_at", "first_known_at", "is_online", *_LEVELS, *_SHARES, "errors_total")
AVERAGES = tuple(f"{name}_{half}" for name in _AVERAGED for half in HALF_LIVES)
CHANNEL_AVERAGES = tuple(f"mean_{half}" for half in HALF_LIVES)
READ = ("first_at", "last_at", "is_online", "expected_minutes", *_LEVELS, *_NEW)
_DAY_MINUTES, _HOUR = 1_440.0, 60.0


def device_states(hourly: pl.DataFrame, base: pl.DataFrame | None = None) -> pl.DataFrame:
    """The stream of what rollups say of devices.

    Args:
        hourly: Versions of hourly rollups (`device_id`, `hour_at`, `known_at`, figures): all, or those that became
            known after `base`, with the version that each of them replaced (`known_at` before it).
        base: The last rows of an earlier stream, one per device, from which this one goes on.

    Returns:
        `device_id`, `at`, `STATE`, `AVERAGES`, sorted by device and `at`; at most one row per device and instant.
    """
    names = _numbers_of(hourly if base is None else pl.concat([hourly.select("device_id"), base.select("device_id")]))
    steps = _steps(hourly, base, names)
    row = pl.int_range(pl.len())
    begins = (pl.col(_GROUP) != pl.col(_GROUP).shift(1)).fill_null(value=True)
    placed = steps.with_columns(_row=row, _began=pl.when(begins).then(row).forward_fill())
    elapsed = _before_in_group(pl.col("at"))
    rows = placed.with_columns(
        _elapsed=(pl.col("at") - elapsed).dt.total_microseconds() / 60e6,
        _time=_time(),
        hour_at=pl.col("hour_at").cum_max().over(_GROUP),
        last_at=pl.col("last_at").cum_max().over(_GROUP),
        first_at=pl.col("first_at").cum_min().over(_GROUP),
        first_known_at=pl.coalesce("first_known_at", "at").cum_min().over(_GROUP),
        errors_total=pl.col("errors_total").fill_null(pl.col("errors")).cum_sum().over(_GROUP),
        **{name: _held(pl.col(name)) for name in ("is_online", *_LEVELS)},
    ).with_columns(_held(share).alias(name) for name, share in _shares().items())
    averaged = rows.with_columns(
        _average(pl.coalesce(f"{name}_{half}", name), half).alias(f"{name}_{half}")
        for name in _AVERAGED
        for half in HALF_LIVES
    )
    fresh = averaged.filter("_is_new")
    named = names["device_id"].gather(fresh[_GROUP])
    return fresh.select("at", *STATE, *AVERAGES).select(named, pl.all())


def _numbers_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Devices by name with a number each: numbers are grouped and sorted many times faster than texts."""
    return rows.select(pl.col("device_id").unique().sort()).with_row_index(_GROUP)


def _before_in_group(value: pl.Expr) -> pl.Expr:
    return pl.when(pl.col(_GROUP) == pl.col(_GROUP).shift(1)).then(value.shift(1))


def _held(value: pl.Expr) -> pl.Expr:
    """A value that holds until the next one of the same group; rows of a group lie together."""
    return pl.when(pl.when(value.is_not_null()).then("_row").forward_fill() >= pl.col("_began")).then(
        value.forward_fill()
    )


def _time() -> pl.Expr:
    """Seconds, with a gap before every group in which any average is forgotten to the last digit.

    So one pass averages all groups: the first value of a group has the weight 1, exactly.
    """
    seconds = pl.col("at").dt.epoch("s")
    span = seconds.max() - seconds.min() + _FORGOTTEN
    return seconds - seconds.min() + pl.col(_GROUP).rle_id().cast(pl.Int64) * span


def _average(value: pl.Expr, half: str) -> pl.Expr:
    """The average of a figure that holds until the next one, going on from that of a stored row."""
    # The first rows of a group may know nothing; what the group before it said is none of their business.
    return pl.when(value.is_not_null()).then(value.ewm_mean_by("_time", half_life=f"{HALF_LIVES[half]}i"))


def _shares() -> dict[str, pl.Expr]:
    """What is averaged and is no level; a stored row brings its own along."""
    is_new = pl.col("reports").is_not_null()
    # Before anything was heard nothing was expected; from then on silence counts from row to row. A report on the edge
    # of an hour falls now into the one and now into the other: what an hour has too much is owed to another, not lost.
    share = 1 - pl.col("online_minutes") / pl.col("_elapsed")
    rate = pl.col("discharge_pct") / pl.col("discharge_minutes") * _DAY_MINUTES
    found = {
        "offline_share": (pl.col("expected_minutes").is_not_null(), share.clip(-1, 1)),
        "errors_per_report": (pl.col("reports") > 0, pl.col("errors") / pl.col("reports")),
        "temperature_out_share": (pl.lit(value=True), (pl.col("temperature_out_minutes") / _HOUR).clip(0, 1)),
        "discharge_pct_per_day": (pl.col("discharge_minutes") > 0, rate),
    }
    return {
        name: pl.when(~is_new).then(name).when(holds).then(value).alias(name) for name, (holds, value) in found.items()
    }


def _steps(hourly: pl.DataFrame, base: pl.DataFrame | None, names: pl.DataFrame) -> pl.DataFrame:
    """What became known of each device at each instant, stored rows first; in order of devices and instants."""
    numbered = hourly.select("device_id", "hour_at", "known_at", *READ).join(names, on="device_id").drop("device_id")
    stored = None if base is None else base.join(names, on="device_id").drop("device_id")
    fresh = _after(_newly_known(numbered), stored)
    # Of an hour that became known late the sums still count; its levels are older than those that are known.
    is_newest = pl.col("hour_at") >= pl.max_horizontal(pl.col("hour_at").cum_max().over(_GROUP), "_newest_hour_at")
    rows = fresh.with_columns(pl.when(is_newest).then(name).alias(name) for name in ("is_online", *_LEVELS))
    steps = _one_per_instant(rows).with_columns(_is_new=pl.lit(value=True))
    averages = (*AVERAGES, *_SHARES, "errors_total")
    empty = steps.with_columns(
        *(pl.lit(None, pl.Float64).alias(name) for name in averages), first_known_at=pl.lit(None, INSTANT)
    )
    if stored is None:
        return empty
    both = pl.concat([stored.with_columns(_is_new=pl.lit(value=False)), empty], how="diagonal_relaxed")
    return both.sort(_GROUP, "at", maintain_order=True)


def _one_per_instant(rows: pl.DataFrame) -> pl.DataFrame:
    """Hours that became known at one instant are one step."""
    named = {name: pl.col(f"_new_{name}") for name in _NEW}
    kept = ("expected_minutes", "hour_at", "last_at", "first_at", "is_online", *_LEVELS)
    other = (pl.col(_GROUP) != pl.col(_GROUP).shift(1)) | (pl.col("known_at") != pl.col("known_at").shift(1))
    step = rows.select(other.fill_null(value=True).cum_sum().alias("_step")).to_series()
    # Most often every instant brings one hour: there is nothing to put together.
    if rows.is_empty() or step[-1] == len(rows):
        return rows.select(_GROUP, at="known_at", **named, **{name: pl.col(name) for name in kept})
    row = pl.int_range(pl.len())
    begins = (pl.col("_step") != pl.col("_step").shift(1)).fill_null(value=True)
    placed = rows.with_columns(step).with_columns(_row=row, _began=pl.when(begins).then(row).forward_fill())
    return (
        placed.with_columns(_held(pl.col(name)).alias(name) for name in ("is_online", *_LEVELS))
        .group_by("_step", maintain_order=True)
        .agg(
            pl.col(_GROUP).first(),
            pl.col("known_at").first().alias("at"),
            *(value.sum().alias(name) for name, value in named.items()),
            pl.col("expected_minutes", "hour_at", "last_at").max(),
            pl.col("first_at").min(),
            pl.col("is_online", *_LEVELS).last(),
        )
        .drop("_step")
    )


def _after(hourly: pl.DataFrame, stored: pl.DataFrame | None) -> pl.DataFrame:
    """The versions that became known after the stored rows, with the newest hour that was known by then."""
    if stored is None:
        return hourly.with_columns(_newest_hour_at=pl.lit(None, INSTANT))
    marks = stored.select(_GROUP, _base_at="at", _newest_hour_at="hour_at")
    rows = hourly.join(marks, on=_GROUP, how="left", maintain_order="left")
    return rows.filter((pl.col("known_at") > pl.col("_base_at")).fill_null(value=True)).drop("_base_at")


def _newly_known(hourly: pl.DataFrame) -> pl.DataFrame:
    """What each version adds to the one before it of the same hour, in order of devices and knowledge."""
    # One number for device and hour: hours since 1970 stay below 2**32.
    hour = pl.col(_GROUP).cast(pl.Int64) * 2**32 + pl.col("hour_at").dt.epoch("s") // 3_600
    by_hour = hourly.with_columns(_hour=hour).sort("_hour", "known_at")
    is_again = pl.col("_hour") == pl.col("_hour").shift(1)
    known = {name: pl.col(name).cast(pl.Float64).fill_null(0.0) for name in _NEW}
    before = {name: pl.when(is_again).then(value.shift(1)).fill_null(0.0) for name, value in known.items()}
    added = by_hour.with_columns(**{f"_new_{name}": value - before[name] for name, value in known.items()})
    return added.sort(_GROUP, "known_at", "hour_at")


def channel_states(hourly: pl.DataFrame, base: pl.DataFrame | None = None) -> pl.DataFrame:
    """The stream of the channels of `metrics`.

    Args:
        hourly: As of `device_states`.
        base: The last rows of an earlier stream, one per device and channel.

    Returns:
        `device_id`, `channel`, `at`, `hour_at` (of the level), `level`, `before` (the level before the last change),
        `changed_at`, `changes` (so far), `low`, `high` (so far), `mean_6h`, `mean_1d`, `mean_7d`, `mean_30d`; the rows
        of each device and channel together, in the order of `at`.
    """
    stored = (pl.DataFrame(schema=_CHANNEL) if base is None else base.select(_CHANNEL.keys())).with_columns(
        known_at=pl.col("at")
    )
    frame = (
        hourly.select("device_id", "hour_at", "known_at", "channels")
        .explode("channels", empty_as_null=False)
        .unnest("channels")
        .drop_nulls("last")
        .select(
            "device_id",
            "channel",
            "hour_at",
            "known_at",
            at="known_at",
            level="last",
            _first="first",
            _inner="changes",
            _changed_at="changed_at",
            _low="min",
            _high="max",
        )
    )
    rows = pl.concat([stored, frame], how="diagonal_relaxed").with_columns(_group=_numbered("device_id", "channel"))
    ordered = rows.sort("_group", "known_at", "hour_at", maintain_order=True)
    began = pl.when(pl.col("changes").is_not_null()).then("at").max().over("_group")
    # A stored row stands for all that was known by then.
    is_next = (pl.col("at") > began).fill_null(value=True) | pl.col("changes").is_not_null()
    is_newest = pl.col("hour_at") >= pl.col("hour_at").cum_max().over("_group")
    steps = ordered.filter(is_next).filter(is_newest).unique(["_group", "at"], keep="last", maintain_order=True)
    followed = _followed(steps)
    return followed.filter("_is_new").drop("_is_new")


def _numbered(*names: str) -> pl.Expr:
    """A number for each combination of texts; grouping by one number is many times faster than by several texts."""
    total = pl.lit(0, pl.Int64)
    for name in names:
        total = total * 2**31 + pl.col(name).cast(pl.Categorical).to_physical().cast(pl.Int64)
    return total


def _followed(rows: pl.DataFrame) -> pl.DataFrame:
    group = "_group"
    is_stored = pl.col("changes").is_not_null()
    last = pl.col("level").shift(1).over(group)
    rows = rows.with_columns(_last=last, _time=_time())
    jumped = (pl.col("_first") != pl.col("_last")).fill_null(value=False)
    changed = ~is_stored & (jumped | (pl.col("_inner") > 0))
    changes = pl.col("changes").fill_null(pl.col("_inner").fill_null(0) + jumped.cast(pl.Int64))
    averages = {
        f"mean_{half}": pl.coalesce(f"mean_{half}", "level").ewm_mean_by("_time", half_life=f"{span}i")
        for half, span in HALF_LIVES.items()
    }
    moved = pl.when(changed).then(pl.coalesce("_changed_at", "at"))
    before = pl.coalesce("before", pl.when(changed).then(pl.coalesce("_last", "_first")))
    return rows.with_columns(
        _is_new=~is_stored,
        changes=changes.cum_sum().over(group),
        changed_at=pl.coalesce("changed_at", moved).forward_fill().over(group),
        before=before.forward_fill().over(group),
        low=pl.min_horizontal("low", "_low").cum_min().over(group),
        high=pl.max_horizontal("high", "_high").cum_max().over(group),
        **averages,
    ).select(*_CHANNEL, "_is_new")


_CHANNEL: dict[str, Any] = {
    "device_id": pl.String, "channel": pl.String, "at": INSTANT, "hour_at": INSTANT, "level": pl.Float64,
    "before": pl.Float64, "changed_at": INSTANT, "changes": pl.Int64, "low": pl.Float64, "high": pl.Float64,
    **dict.fromkeys(CHANNEL_AVERAGES, pl.Float64),
}  # fmt: skip
