"""Quiet hours and digests on the clocks of people.

Here: per zone, whether it is quiet now, when that ends, and when the next digest is. Not here: whose zone is which.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from opsguard_assets.config.routing import Routing
from opsguard_assets.tables.values import INSTANT

TIMES: Final = pl.Schema({"zone": pl.String(), "is_quiet": pl.Boolean(), "quiet_ends": INSTANT, "digest": INSTANT})


def local_times(zones: Iterable[str], settings: Routing, now: datetime) -> pl.DataFrame:
    """Rows of `TIMES`, one per zone; there are few zones, however many people.

    Args:
        zones: IANA names.
        settings: `routing` of opsguard.yaml.
        now: UTC.
    """
    quiet = settings.quiet_hours
    rows = []
    for name in sorted(set(zones)):
        zone = ZoneInfo(name)
        local = now.astimezone(zone).time()
        ends = _next(now, zone, quiet.ends)
        rows.append(
            (
                name,
                _within(local, quiet.begins, quiet.ends),
                ends,
                min(_next(now, zone, at) for at in settings.digest_at),
            )
        )
    return pl.DataFrame(rows, schema=TIMES, orient="row")


def _within(local: time, begins: time, ends: time) -> bool:
    if begins <= ends:
        return begins <= local < ends
    return local >= begins or local < ends


def _next(now: datetime, zone: ZoneInfo, at: time) -> datetime:
    """The next moment at which clocks of a zone show a time. What the clocks skip in spring comes an hour later."""
    day = now.astimezone(zone).date()
    moments = (datetime.combine(day + timedelta(days=more), at, zone).astimezone(UTC) for more in (0, 1, 2))
    return next(moment for moment in moments if moment > now)
