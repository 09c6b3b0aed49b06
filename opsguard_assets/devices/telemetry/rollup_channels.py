"""Further numeric channels of devices, by the hour: the same figures for every channel of `metrics`.

Here: the list of channels of every version of an hour. Not here: the other columns of the hour (`rollup`).
"""

import polars as pl

from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY

# The number of a version of an hour, as `rollup` counts them.
PLACE = "_place"
_CHANNELS = DEVICE_HOURLY.dtypes["channels"]
_FIELDS = ("channel", "reports", "first", "last", "min", "max", "mean", "std", "changes", "changed_at")


def rolled_channels(seen: pl.DataFrame) -> pl.DataFrame:
    """The channels of every version that has any.

    Args:
        seen: Reports in order of time within their version (`_place`, `_heard_at`, `metrics`).

    Returns:
        (`_place`, `channels`): one row per version with a value, channels by name.
    """
    rows = seen.filter(pl.col("metrics").list.len() > 0).select(PLACE, pl.col("_heard_at").alias("at"), "metrics")
    if rows.is_empty():
        return pl.DataFrame(schema={PLACE: seen.schema[PLACE], "channels": _CHANNELS})
    values = rows.explode("metrics", empty_as_null=False).unnest("metrics").filter(pl.col("value").is_not_null())
    in_order = values.sort(PLACE, "channel", maintain_order=True)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in (PLACE, "channel"))
    changed = in_order.with_columns((same & (pl.col("value") != pl.col("value").shift())).alias("changed"))
    by_channel = changed.group_by(PLACE, "channel", maintain_order=True).agg(_figures())
    listed = by_channel.group_by(PLACE, maintain_order=True).agg(pl.struct(_FIELDS).alias("channels"))
    return listed.cast({"channels": _CHANNELS})


def _figures() -> list[pl.Expr]:
    value, changed = pl.col("value"), pl.col("changed")
    return [
        pl.len().cast(pl.Int64).alias("reports"),
        value.first().alias("first"),
        value.last().alias("last"),
        value.min().alias("min"),
        value.max().alias("max"),
        value.mean().alias("mean"),
        value.std(ddof=0).alias("std"),
        changed.sum().cast(pl.Int64).alias("changes"),
        pl.when(changed).then("at").max().alias("changed_at"),
    ]
