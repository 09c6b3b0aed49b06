"""Local times as UTC instants: one rule for working hours and for shifts.

Here: the rule. Not here: which hours and shifts there are (calendars of tickets, rosters of shifts).

A local time means the first instant at which the wall clock of the zone reads it or a later time. A time that the
spring change skips is therefore the instant of the change, one that autumn repeats is its first occurrence, and hours
that adjoin on the wall adjoin in UTC. 22:00 to 06:00 is 7 hours over the spring night and 9 over the autumn night.
"""

from functools import cache
from zoneinfo import available_timezones

import polars as pl

_LONGEST_GAP = 1_440  # minutes; of a civil clock: Samoa skipped a day in 2011


@cache
def known_zones() -> frozenset[str]:
    """The time zones that times can be read in; two names of the system are zones of no place."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def to_utc(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Naive local `columns` as UTC instants, by the rule above.

    Args:
        frame: Rows with naive `columns` and their `timezone`; the loop is over its distinct zones.
        columns: Which columns.

    Raises:
        ValueError: An unknown time zone.
    """
    if frame.is_empty():
        return frame.with_columns(pl.col(columns).dt.replace_time_zone("UTC"))
    parts = frame.partition_by("timezone", maintain_order=True)
    return pl.concat([part.with_columns(_instant(part[c], part["timezone"][0]) for c in columns) for part in parts])


def _instant(local: pl.Series, timezone: str) -> pl.Series:
    try:
        instants = local.dt.replace_time_zone(timezone, non_existent="null", ambiguous="earliest")
    except pl.exceptions.ComputeError as error:
        raise ValueError(
            f"sites or clients: time zone {timezone!r} is not known. Write a name of the IANA time zone "
            "database such as 'Europe/Berlin'."
        ) from error
    skipped = local.filter(instants.is_null()).unique().to_frame("local")
    if skipped.is_empty():
        return instants.dt.convert_time_zone("UTC")
    later = skipped.join(pl.select(later=pl.int_range(1, _LONGEST_GAP + 1)), how="cross").select(
        "local", candidate=pl.col("local") + pl.duration(minutes="later")
    )
    resolved = (
        later.with_columns(
            pl.col("candidate").dt.replace_time_zone(timezone, non_existent="null", ambiguous="earliest")
        )
        .group_by("local")
        .agg(pl.col("candidate").min())
    )
    found = local.to_frame("local").join(resolved, on="local", how="left", maintain_order="left")["candidate"]
    return instants.fill_null(found).dt.convert_time_zone("UTC").rename(local.name)
