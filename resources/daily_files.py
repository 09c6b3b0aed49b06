"""The files of a daily table that a read needs, by the statistics that Delta keeps of every file.

Here: the list of files and its conditions. Not here: what lies in the files (`daily`).
"""

from datetime import UTC, datetime, timedelta

import polars as pl
from deltalake import DeltaTable

from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import LOADED_AT

DAY, SLICE, HEARD_AT = "_day", "_slice", "_heard_at"
# Statistics of instants are cut to milliseconds, those of the greatest instant, too.
CUT = timedelta(milliseconds=1)
_BEGIN, _END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def files_of(stored: DeltaTable | None, uri: str, at: str) -> pl.DataFrame:
    """The files of a daily table: `path`, `_slice`, `day`, `rows`, and the bounds of their instants, if known.

    Args:
        stored: The table; None before anything was recorded.
        uri: Where it lies.
        at: The column that says when a report happened.
    """
    bounds = {"heard": HEARD_AT, "at": at, "loaded": LOADED_AT}
    schema = {f"{side}_{name}": INSTANT for name in bounds for side in ("first", "last")}
    if stored is None:
        return pl.DataFrame(schema={"path": pl.String, SLICE: pl.String, "day": pl.Date, "rows": pl.Int64, **schema})
    actions = pl.DataFrame(stored.get_add_actions(flatten=True))
    found = [
        _bound(actions, f"{side}.{column}", filler).alias(f"{name}_{of}")
        for of, column in bounds.items()
        for side, name, filler in (("min", "first", _BEGIN), ("max", "last", _END))
    ]
    return actions.select(
        (pl.lit(f"{uri}/") + pl.col("path")).alias("path"),
        pl.col(f"partition.{SLICE}").alias(SLICE),
        pl.col(f"partition.{DAY}").cast(pl.Date).alias("day"),
        pl.col("num_records").cast(pl.Int64).alias("rows"),
        *found,
    )


def _bound(actions: pl.DataFrame, name: str, filler: datetime) -> pl.Expr:
    if name not in actions.columns:
        return pl.lit(filler, INSTANT)
    return pl.col(name).cast(INSTANT).fill_null(pl.lit(filler, INSTANT))


def overlaps(since: datetime | None, before: datetime | None) -> pl.Expr:
    """That a file may hold rows that were heard in [`since`, `before`)."""
    bounds = [pl.lit(value=True)]
    if since is not None:
        bounds.append(pl.col("last_heard") + CUT >= pl.lit(since, INSTANT))
    if before is not None:
        bounds.append(pl.col("first_heard") < pl.lit(before, INSTANT))
    return pl.all_horizontal(bounds)


def holding(files: pl.DataFrame, instants: pl.Series) -> pl.DataFrame:
    """The files that may hold a row that happened at one of some instants."""
    asked = instants.unique().sort()
    if asked.is_empty() or files.is_empty():
        return files.clear()
    # The first instant asked for that is not before the file's first one must not be after its last one.
    place = asked.search_sorted(files["first_at"], side="left")
    nearest = pl.Series("nearest", asked).gather(place.clip(0, len(asked) - 1))
    inside = (place < len(asked)) & (nearest < files["last_at"] + CUT)
    return files.filter(inside)
