"""`python -m benchmarks.verdict_delays`: how soon verdicts on the twin's shifts are said; the table of docs/shifts.md.

Here: the worlds of `tests.shifts.test_truth`, judged every half hour for three days. Not here: verdicts.

A delay runs from what happened (an arrival, a departure, the quarter of an hour after a start at which nobody is there,
the two hours of a no-show) to the first tick that says it, at sites whose clocks beat.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from unittest.mock import patch

import polars as pl

from opsguard_assets.shifts.verdicts import verdicts
from opsguard_assets.tables.values import INSTANT
from tests.shifts.test_truth import ACCUSING, PERIODS, is_true, world

EVERY, DAYS = timedelta(minutes=30), 3
_KEY = ["shift_id", "person_id", "verdict"]
Feeds = Callable[[pl.DataFrame, pl.DataFrame, datetime], pl.DataFrame]


def main() -> None:
    """Prints a line per way to judge."""
    ways = {
        "ticks as beats are sent": (0, verdicts.feeds),
        "ticks five minutes later": (5, verdicts.feeds),
        "the same, nothing proven": (5, unproven),
    }
    for name, (minute, feeds) in ways.items():
        with patch.object(verdicts, "feeds", feeds):
            entries = [said(period, minute) for period in PERIODS]
        first = pl.concat(delays(rows, minute, period) for rows, period in zip(entries, PERIODS, strict=True))
        figures = first.group_by("verdict").agg(
            pl.len(), pl.col("minutes").median().alias("median"), pl.col("minutes").quantile(0.9).alias("p90")
        )
        words = [f"{v} {m:.0f} (ninth decile {p:.0f}, n {n})" for v, n, m, p in figures.sort("verdict").iter_rows()]
        everything = pl.concat(entries)
        false = everything.filter(~pl.col("is_true"))
        print(f"{name}: {'; '.join(words)}; {len(false)} false of {len(everything):,} accusing words")


def unproven(
    punches: pl.DataFrame, heartbeats: pl.DataFrame, as_of: datetime, real: Feeds = verdicts.feeds
) -> pl.DataFrame:
    """Feeds as if a beat within 36 minutes meant that everything until now was heard."""
    now = pl.lit(as_of, INSTANT)
    is_fresh = pl.col("has_heartbeat") & (now - pl.col("reported_upto_at") <= timedelta(minutes=36))
    upto = pl.when(is_fresh).then(now).otherwise("reported_upto_at")
    return real(punches, heartbeats, as_of).with_columns(reported_upto_at=upto)


def said(period: str, minute: int) -> pl.DataFrame:
    """The accusing words of all ticks, beside what happened; of sites with a heartbeat."""
    things = world(period)
    rows = []
    for n in range(DAYS * timedelta(days=1) // EVERY):
        as_of = begins(period, minute) + n * EVERY
        result = things.judged(as_of, since=as_of - timedelta(hours=26), until=as_of)
        accusing = result.filter(pl.col("verdict").is_in(ACCUSING))
        rows.append(
            accusing.select(
                *_KEY, "site_id", "happened", "minutes", "came_by", "expected_from_at", "expected_until_at",
                as_of=pl.lit(as_of, INSTANT), is_true=is_true(as_of).fill_null(value=False),
            )
        )  # fmt: skip
    return pl.concat(rows).join(things.clocks.punch_feeds, on="site_id", how="semi")


def begins(period: str, minute: int) -> datetime:
    """The first tick."""
    return PERIODS[period] + timedelta(days=3, hours=12, minutes=minute)


def delays(rows: pl.DataFrame, minute: int, period: str) -> pl.DataFrame:
    """The first word of each kind on each part in a shift: `verdict`, `minutes` after what happened."""
    first = rows.sort("as_of").unique(_KEY, keep="first", maintain_order=True)
    away = pl.duration(seconds=(pl.col("minutes") * 60).cast(pl.Int64))
    at = (
        pl.when(pl.col("verdict") == verdicts.LATE)
        .then(pl.col("came_by") + away)
        .when(pl.col("verdict") == verdicts.EARLY_EXIT)
        .then(pl.col("expected_until_at") - away)
        .when(pl.col("verdict") == verdicts.NO_SHOW)
        .then(pl.min_horizontal(pl.col("expected_from_at") + timedelta(hours=2), "expected_until_at"))
        .otherwise(pl.col("expected_from_at") + timedelta(minutes=15))
    )
    after = (pl.col("as_of") - at).dt.total_seconds() / 60
    # What happened before the first tick waited for it, which is no delay.
    return first.filter(at > pl.lit(begins(period, minute), INSTANT)).select("verdict", minutes=after)


if __name__ == "__main__":
    main()
