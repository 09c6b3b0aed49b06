"""What is carried along of every device: levels, exponential averages and counts, by when they became known.

Here: streams sorted by device and knowledge, from hourly rollups and events. Not here: features at a moment
(`features`), lives and labels (`lives`).

A row of a stream says what was known of a device from `at` on. Averages are exponential in time (half-lives of 6
hours, a day, a week and 30 days), so the last row of a device is all that its future depends on: a stream goes on from
a stored last row as if the history were there.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
HALF_LIVES: Mapping[str, str] = {"6h": "6h", "1d": "24h", "7d": "168h", "30d": "720h"}
# Column of the stream to the expression over an hour's newly known figures; levels hold until the next one.
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
    steps = _steps(hourly, base)
    last = ["device_id"]
    elapsed = (pl.col("at") - pl.col("at").shift(1).over(last)).dt.total_microseconds() / 60e6
    told = steps.with_columns(
        _elapsed=elapsed,
        hour_at=pl.col("hour_at").cum_max().over(last),
        last_at=pl.col("last_at").cum_max().over(last),
        first_at=pl.col("first_at").cum_min().over(last),
        first_known_at=pl.coalesce("first_known_at", "at").cum_min().over(last),
        errors_total=pl.col("errors_total").fill_null(pl.col("errors")).cum_sum().over(last),
        **{name: pl.col(name).forward_fill().over(last) for name in ("is_online", *_LEVELS)},
    ).with_columns(share.forward_fill().over(last).alias(name) for name, share in _shares().items())
    averaged = told.with_columns(_average(name, half) for name in _AVERAGED for half in HALF_LIVES)
    rows = averaged.select("device_id", "at", *STATE, *AVERAGES)
    return rows if base is None else rows.join(base.select("device_id", "at"), on=["device_id", "at"], how="anti")


def _shares() -> dict[str, pl.Expr]:
    """What is averaged and is no level; a stored row brings its own along."""
    is_new = pl.col("reports").is_not_null()
    # Before anything was heard nothing was expected; from then on silence counts from row to row.
    share = 1 - pl.col("online_minutes") / pl.col("_elapsed")
    rate = pl.col("discharge_pct") / pl.col("discharge_minutes") * _DAY_MINUTES
    found = {
        "offline_share": (pl.col("expected_minutes").is_not_null(), share.clip(0, 1)),
        "errors_per_report": (pl.col("reports") > 0, pl.col("errors") / pl.col("reports")),
        "temperature_out_share": (pl.lit(value=True), (pl.col("temperature_out_minutes") / _HOUR).clip(0, 1)),
        "discharge_pct_per_day": (pl.col("discharge_minutes") > 0, rate),
    }
    return {
        name: pl.when(~is_new).then(name).when(holds).then(value).alias(name) for name, (holds, value) in found.items()
    }


def _average(name: str, half: str) -> pl.Expr:
    """The average of a figure that holds until the next one, going on from that of a stored row."""
    return (
        pl.coalesce(f"{name}_{half}", name)
        .ewm_mean_by("at", half_life=HALF_LIVES[half])
        .over("device_id")
        .alias(f"{name}_{half}")
    )


def _steps(hourly: pl.DataFrame, base: pl.DataFrame | None) -> pl.DataFrame:
    """What became known of each device at each instant, stored rows first."""
    fresh = _after(_newly_known(hourly), base, ["device_id"])
    newest = _is_newest(["device_id"])
    steps = (
        fresh.with_columns(pl.when(newest).then(name).alias(name) for name in ("is_online", *_LEVELS))
        .group_by("device_id", at="known_at", maintain_order=True)
        .agg(
            *(pl.col(f"_new_{name}").sum().alias(name) for name in _NEW),
            pl.col("expected_minutes").max(),
            pl.col("hour_at", "last_at").max(),
            pl.col("first_at").min(),
            *(pl.col(name).drop_nulls().last() for name in ("is_online", *_LEVELS)),
        )
    )
    carried = (*AVERAGES, *_SHARES, "errors_total")
    empty = steps.with_columns(
        *(pl.lit(None, pl.Float64).alias(name) for name in carried), first_known_at=pl.lit(None, INSTANT)
    )
    told = empty if base is None else pl.concat([base, empty], how="diagonal_relaxed")
    return told.sort("device_id", "at", maintain_order=True)


def _is_newest(by: list[str]) -> pl.Expr:
    """Whether no later hour was known before: what a late report says of an earlier hour is no level of now."""
    before = pl.max_horizontal(pl.col("hour_at").cum_max().over(by), "_newest_hour_at")
    return pl.col("hour_at") >= before


def _after(hourly: pl.DataFrame, base: pl.DataFrame | None, by: list[str]) -> pl.DataFrame:
    """The versions that became known after the stored rows, with the newest hour that was known by then."""
    if base is None:
        return hourly.with_columns(_newest_hour_at=pl.lit(None, INSTANT))
    stored = base.select(*by, _base_at="at", _newest_hour_at="hour_at")
    told = hourly.join(stored, on=by, how="left", maintain_order="left")
    return told.filter((pl.col("known_at") > pl.col("_base_at")).fill_null(value=True)).drop("_base_at")


def _newly_known(hourly: pl.DataFrame) -> pl.DataFrame:
    """What each version adds to the one before it of the same hour, by device and when it became known."""
    key = ["device_id", "hour_at"]
    ordered = hourly.sort("device_id", "known_at", "hour_at")
    if ordered.is_empty():
        return ordered.with_columns(pl.lit(None, pl.Float64).alias(f"_new_{name}") for name in _NEW)
    known = {name: pl.col(name).cast(pl.Float64).fill_null(0.0) for name in _NEW}
    if ordered.select(pl.struct(key).n_unique() == pl.len()).item():
        return ordered.with_columns(**{f"_new_{name}": value for name, value in known.items()})
    return ordered.with_columns(
        **{f"_new_{name}": value - value.shift(1).over(key).fill_null(0.0) for name, value in known.items()}
    )


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
    told = (
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
    rows = pl.concat([stored, told], how="diagonal_relaxed").with_columns(_group=_numbered("device_id", "channel"))
    ordered = rows.sort("_group", "known_at", "hour_at", maintain_order=True)
    began = pl.when(pl.col("changes").is_not_null()).then("at").max().over("_group")
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
    rows = rows.with_columns(_last=last)
    jumped = (pl.col("_first") != pl.col("_last")).fill_null(value=False)
    changed = ~is_stored & (jumped | (pl.col("_inner") > 0))
    changes = pl.col("changes").fill_null(pl.col("_inner").fill_null(0) + jumped.cast(pl.Int64))
    averages = {
        f"mean_{half}": pl.coalesce(f"mean_{half}", "level").ewm_mean_by("at", half_life=span).over(group)
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
