"""Cumulative working time per calendar: the amount before an instant, and the instant of an amount.

Here: this function and its inverse, both for millions of rows at once.
Not here: how calendars become working hours (`calendars`), and what is counted (`clocks`).

Working time is counted in whole microseconds from `ORIGIN`, which never moves, so that a count stored yesterday can be
compared with one computed today from a calendar built over another range of years.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import polars as pl

from opsguard_assets.tables.values import INSTANT

ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)
# Calendars are computed between these two instants; outside of them nothing is working time.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
ROUND_THE_CLOCK = 0
SEGMENTS = {
    "calendar_key": pl.Int64(),
    "calendar_id": pl.String(),
    "timezone": pl.String(),
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    "is_open": pl.Boolean(),
    "reason": pl.String(),
    "worked_us": pl.Int64(),
}


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly (a float of seconds would lose them)."""
    since = instant - EARLIEST
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


@dataclass(frozen=True)
class WorkingTime:
    """Working time of every calendar in use.

    Attributes:
        segments: For each calendar a gapless partition of [`since`, `until`) into open and closed segments, sorted by
            (`calendar_key`, `starts_at`), with the working time before each in `worked_us` (negative before `ORIGIN`)
            and the reason of each closed one. Calendars that are always open have no rows: their key is
            `ROUND_THE_CLOCK` and they are arithmetic.
        since: First instant covered.
        until: End of what is covered.
    """

    segments: pl.DataFrame
    since: datetime
    until: datetime

    @cached_property
    def keys(self) -> pl.Series:
        """The calendars with hours, ascending."""
        return self.segments["calendar_key"].unique().sort()

    @cached_property
    def _starts(self) -> pl.Series:
        return self._composite(self.segments["calendar_key"], self.segments["starts_at"].to_physical(), self._span)

    @property
    def _span(self) -> tuple[int, int]:
        return microseconds(self.since), microseconds(self.until)

    @cached_property
    def _open(self) -> pl.DataFrame:
        return self.segments.filter("is_open").select("calendar_key", "starts_at", "worked_us", "ends_at")

    @cached_property
    def _work_span(self) -> tuple[int, int]:
        return microseconds(self.since) - microseconds(self.until), microseconds(self.until) - microseconds(self.since)

    @cached_property
    def _works(self) -> pl.Series:
        return self._composite(self._open["calendar_key"], self._open["worked_us"], self._work_span)

    def _composite(self, keys: pl.Series, values: pl.Series, span: tuple[int, int]) -> pl.Series:
        """(calendar, value) as one ordered integer, so that one binary search serves all calendars at once."""
        low, high = span
        width = high - low + 2
        if len(self.keys) * width > 2**62:
            raise ValueError(
                f"{len(self.keys)} calendars with time zones over {(self.until - self.since).days} days are more than "
                "can be computed at once; process fewer sites together."
            )
        number = self.keys.search_sorted(keys).cast(pl.Int64)
        return number * width + values.clip(low, high) - low

    def segment_of(self, keys: pl.Series, at: pl.Series) -> pl.Series:
        """The row of `segments` that holds each instant; meaningless for a calendar without hours."""
        found = self._starts.search_sorted(self._composite(keys, at.to_physical(), self._span), side="right")
        return found.cast(pl.Int64).rename("segment") - 1

    def worked_us(self, keys: pl.Series, at: pl.Series) -> pl.Series:
        """Working time from `ORIGIN` to each instant, in microseconds.

        Args:
            keys: `calendar_key` per row.
            at: Instant per row (UTC, microseconds); null stays null.

        Raises:
            ValueError: An instant lies outside [`since`, `until`], or a calendar is not among those built.
        """
        always = at.to_physical() - microseconds(ORIGIN)
        has_hours = self._checked(keys)
        if has_hours is None:
            return always.rename("worked_us")
        self._within(at.filter(has_hours))
        segment = self.segment_of(keys, at)
        found = self.segments.select("starts_at", "is_open", "worked_us")[segment.clip(0, len(self.segments) - 1)]
        return (
            pl.DataFrame({"at": at.to_physical().clip(*self._span), "always": always, "hours": has_hours})
            .hstack(found)
            .select(
                worked_us=pl.when("hours")
                .then(
                    pl.col("worked_us")
                    + pl.when("is_open").then(pl.col("at") - pl.col("starts_at").to_physical()).otherwise(0)
                )
                .otherwise("always")
            )["worked_us"]
        )

    def instant_of(self, keys: pl.Series, worked_us: pl.Series) -> pl.Series:
        """The first instant at which this much working time since `ORIGIN` is reached.

        Null where it is not reached before `until`, or where the calendar never opens.
        """
        always = (worked_us + microseconds(ORIGIN)).cast(INSTANT)
        has_hours = self._checked(keys)
        if has_hours is None:
            return always.rename("instant")
        composite = self._composite(keys, worked_us, self._work_span)
        before = self._works.search_sorted(composite, side="left").cast(pl.Int64) - 1
        opened = self._open.rename({"calendar_key": "found", "worked_us": "before_us"})
        last = max(len(opened) - 1, 0)
        picked = opened[before.clip(0, last)] if len(opened) else opened.clear(n=len(keys))
        frame = pl.DataFrame({"key": keys, "wanted": worked_us, "always": always, "hours": has_hours}).hstack(picked)
        reached = pl.col("starts_at") + pl.duration(microseconds=pl.col("wanted") - pl.col("before_us"))
        same = (pl.col("found") == pl.col("key")) & (pl.col("before_us") < pl.col("wanted"))
        return frame.select(
            instant=pl.when(~pl.col("hours"))
            .then("always")
            .when(same & (reached <= pl.col("ends_at")))
            .then(reached)
            .when(~same & pl.col("wanted").is_not_null() & (pl.col("wanted") <= self._least(pl.col("key"))))
            .then(pl.lit(self.since, INSTANT))
        )["instant"]

    def at(self, as_of: datetime) -> pl.DataFrame:
        """`worked_us` at one instant for every calendar (`calendar_key`), the always open one included."""
        keys = pl.concat([pl.Series("calendar_key", [ROUND_THE_CLOCK], pl.Int64), self.keys])
        instants = pl.select(pl.repeat(pl.lit(as_of, INSTANT), len(keys)).alias("at"))["at"]
        return pl.DataFrame({"calendar_key": keys, "worked_us": self.worked_us(keys, instants)})

    def _least(self, key: pl.Expr) -> pl.Expr:
        """Working time at `since` of each calendar; null where it never opens."""
        first = self._open.group_by("calendar_key").agg(pl.col("worked_us").min())
        return key.replace_strict(first["calendar_key"], first["worked_us"], default=None, return_dtype=pl.Int64)

    def _checked(self, keys: pl.Series) -> pl.Series | None:
        """Which rows have hours; None when no row has. Raises for calendars that were not built."""
        has_hours = keys != ROUND_THE_CLOCK
        if not has_hours.any():
            return None
        missing = keys.filter(has_hours).unique().is_in(self.keys.implode()).not_().sum()
        if missing:
            raise ValueError(
                f"{missing} calendars of these clocks are not among the {len(self.keys)} that were built: a calendar "
                "changed since the clocks were computed. Compute the clocks of the affected tickets again."
            )
        return has_hours

    def _within(self, at: pl.Series) -> None:
        low, high = at.min(), at.max()
        if not isinstance(low, datetime) or not isinstance(high, datetime):
            return
        if (low < self.since and self.since > EARLIEST) or (high > self.until and self.until < LATEST):
            raise ValueError(
                f"Working time was built from {self.since} until {self.until}, and {low} to {high} is asked for. "
                "Build it over a longer range."
            )
