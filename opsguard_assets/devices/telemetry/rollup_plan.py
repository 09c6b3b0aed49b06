"""The portions in which hours are rolled up: stretches of time, so that memory is bounded.

Here: cutting time. Not here: reading reports (`telemetry.hourly_io`) and rolling them (`rollup`).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Portion:
    """Hours that are rolled together.

    Attributes:
        since: The first hour.
        before: The hour after the last one.
        touched: How many reports in it are new.
        part: Which devices: those whose number, modulo `parts`, is this one.
        parts: In how many portions the devices of these hours are rolled.
        is_whole: Whether all devices of the stretch are rolled; most of its reports are new.
    """

    since: datetime
    before: datetime
    touched: int
    part: int = 0
    parts: int = 1
    is_whole: bool = True

    def of_devices(self, device: str = "device_id") -> pl.Expr:
        """That a device belongs to this portion."""
        if self.parts == 1:
            return pl.lit(value=True)
        return pl.col(device).hash(seed=0) % self.parts == self.part


@dataclass(frozen=True)
class _Day:
    """A day with touched hours: how many reports lie in it, and how many up to its end."""

    date: date
    held: int
    upto: int


def portions(touched: pl.DataFrame, stored: pl.DataFrame, *, reports: int) -> list[Portion]:
    """Portions that together hold every touched hour, none of them twice.

    Args:
        touched: (`hour_at`, `touched`): how many reports of an hour are new.
        stored: (`day`, `rows`): how many reports of a day lie in the lake.
        reports: About how many reports a portion may read; an hour with more is cut by devices.
    """
    by_day = touched.sort("hour_at").with_columns(pl.col("hour_at").dt.date().alias("date"))
    held = stored.sort("day").select(date="day", held="rows", upto=pl.col("rows").cum_sum())
    known = by_day.select("date").unique().sort("date").join(held, on="date", how="left", maintain_order="left")
    days = [_Day(*row) for row in known.with_columns(pl.col("held", "upto").fill_null(0)).iter_rows()]
    found: list[Portion] = []
    stretch: list[_Day] = []
    for day in days:
        begun = stretch[0].upto - stretch[0].held if stretch else 0
        if stretch and (day.held > reports or day.upto - begun > reports):
            found.append(_days(by_day, stretch))
            stretch = []
        if day.held > reports:
            found += _hours(by_day.filter(pl.col("date") == day.date), day.held // 24, reports)
        else:
            stretch.append(day)
    return [*found, _days(by_day, stretch)] if stretch else found


def _days(by_day: pl.DataFrame, stretch: list[_Day]) -> Portion:
    inside = by_day.filter(pl.col("date").is_between(stretch[0].date, stretch[-1].date))
    return _portion(inside, stretch[-1].upto - stretch[0].upto + stretch[0].held)


def _hours(hours: pl.DataFrame, usual: int, reports: int) -> list[Portion]:
    """Runs of hours of one day; `usual`: the reports of an hour, where more than those that are new lie there."""
    size = pl.max_horizontal("touched", pl.lit(usual))
    breaks = pl.col("hour_at").diff() > _HOUR
    sized = hours.with_columns(size.alias("size"), breaks.fill_null(value=False).cum_sum().alias("run"))
    # Within a run, another portion begins where the reports since its beginning fill one.
    filled = (pl.col("size").cum_sum().over("run") - pl.col("size")) // reports
    found = []
    for _, group in sized.with_columns(filled.alias("fill")).group_by("run", "fill", maintain_order=True):
        rows = int(group["size"].sum())
        whole = _portion(group, rows)
        parts = -(-rows // reports) if len(group) == 1 else 1
        found += [replace(whole, part=part, parts=parts) for part in range(parts)]
    return found


def _portion(hours: pl.DataFrame, rows: int) -> Portion:
    first, last, touched = hours.select(
        pl.col("hour_at").min().alias("first"), pl.col("hour_at").max().alias("last"), pl.col("touched").sum()
    ).row(0)
    return Portion(first, last + _HOUR, touched, is_whole=touched * 2 >= rows)
