"""The minutes in which devices should have been online, and in which they were, by device and local day.

Here: from rolled-up hours, devices and their events to minutes of days. Not here: whose days they are and what becomes
a key figure (`devices`), the rollup (`devices.telemetry`).

A report vouches for the interval around it. Between two reports nothing is missing unless they lie more than one and a
half intervals apart; then the time that neither vouches for is offline (as in `devices.health.uptime`). Within an hour
of several reports the share of intervals without one that says online is. A device that was never heard is offline
from its installation on.

While no device of the house reported at all, for an hour or longer, it is OpsGuard that was blind. Then nothing is
expected, and neither is after a recorded maintenance. A removed device is expected again from its next report on.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from opsguard_assets.scorecards.kpis.kpi import UNKNOWN
from opsguard_assets.scorecards.kpis.spans import Spans, Whole
from opsguard_assets.tables.values import INSTANT

HOUR: Final = ("device_id", "hour_at", "first_at", "last_at", "online_minutes", "reports")
DEVICE: Final = ("device_id", "installed_at", "reports_every_minutes")
MISSED_INTERVALS: Final = 1.5
BLIND: Final = f"{UNKNOWN}_blind"
_MINUTE, _HOUR = 60_000_000, 3_600_000_000


@dataclass(frozen=True)
class View:
    """What is looked at.

    Attributes:
        since: The first instant; before it nothing is known.
        upto: The last one: through when telemetry is complete, or some intervals past the last day.
        maintenance_minutes: For so long after a recorded maintenance nothing is expected.
    """

    since: datetime
    upto: datetime
    maintenance_minutes: float


def minutes_online(
    hours: pl.DataFrame, devices: pl.DataFrame, events: pl.DataFrame, days: pl.DataFrame, view: View
) -> pl.DataFrame:
    """How long devices were online of how long they should have been.

    Args:
        hours: Hours of all devices of the house within the view (HOUR); those without reports have no row.
        devices: Devices with a known interval (DEVICE), a row each.
        events: Their removals and maintenances: `device_id`, `at`, `kind`.
        days: Stretches that are asked for: `device_id`, `begins_at`, `ends_at`.
        view: What is looked at.

    Returns:
        `days` in their order with `expected` and `online`, minutes, and `why`: of a stretch without an expected
        minute, `maintenance`, `unknown_blind` or `not_in_service`.
    """
    axis = _Axis(view, devices)
    heard = _heard(hours, axis)
    begun, removed = _service(heard, events, axis)
    care = events.filter(pl.col("kind") == "maintenance").join(axis.places, on="device_id")
    lasts = round(view.maintenance_minutes * _MINUTE)
    cared = (axis.of(care, "at"), axis.of(care, "at", lasts))
    blind = _blind(hours, axis)
    cuts = Spans.of(*(np.concatenate(both) for both in zip(cared, removed, blind, strict=True)))
    asked = days.join(axis.places, on="device_id", how="left", maintain_order="left")
    base = asked["place"].to_numpy().astype(np.int64) * axis.span
    last = base + axis.upto
    first, last = (
        np.clip(axis.of(asked, "begins_at"), begun[asked["place"]], last),
        np.minimum(axis.of(asked, "ends_at"), last),
    )
    last = np.maximum(first, last)
    net = _Net(cuts)
    offline = Spans.of(*(net.at(edge) for edge in _offline(heard, begun, axis)))
    began, ended = net.at(first), net.at(last)
    expected = ended - began
    up = expected - (offline.upto(ended) - offline.upto(began))
    of_care = Spans.of(*cared)
    kept = (of_care.upto(last) - of_care.upto(first)) > 0
    gone = Spans.of(*removed)
    away = (last == first) | ((gone.upto(last) - gone.upto(first)) == last - first)
    why = (
        pl.when(pl.col("expected") > 0).then(None)
        .when(pl.Series(away)).then(pl.lit("not_in_service"))
        .when(pl.Series(kept)).then(pl.lit("maintenance"))
        .otherwise(pl.lit(BLIND))
    )  # fmt: skip
    minutes = {"expected": expected / _MINUTE, "online": up / _MINUTE}
    return days.with_columns(**{name: pl.Series(values) for name, values in minutes.items()}).with_columns(why=why)


class _Axis:
    """One axis for all devices: each has a stretch of it as long as the view, and a little more."""

    def __init__(self, view: View, devices: pl.DataFrame) -> None:
        self.since, self.upto = view.since, round((view.upto - view.since).total_seconds() * 1e6)
        # Stretches do not touch: the last instant of a device is not the first one of the next.
        self.span = self.upto + _HOUR
        self.devices = devices.select(DEVICE).with_row_index("place")
        self.places = self.devices.select("device_id", "place")
        self.every = np.round(self.devices["reports_every_minutes"].to_numpy() * _MINUTE).astype(np.int64)

    def at(self, column: str, later: int = 0) -> pl.Expr:
        """Where instants lie, or what is so much later; those beyond the view at its edges."""
        passed = (pl.col(column) - pl.lit(self.since, INSTANT)).dt.total_microseconds() + later
        return pl.col("place").cast(pl.Int64) * self.span + passed.clip(0, self.upto)

    def of(self, rows: pl.DataFrame, column: str, later: int = 0) -> Whole:
        """The same as numbers."""
        return rows.select(self.at(column, later)).to_series().to_numpy()


class _Net:
    """The axis without what is cut out of it: order and stretches of devices stay."""

    def __init__(self, cuts: Spans) -> None:
        self.cuts = cuts

    def at(self, points: Whole) -> Whole:
        return points - self.cuts.upto(points)


@dataclass(frozen=True)
class _Heard:
    """Hours with a report that vouches for something, by device and time, on the axis."""

    place: Whole
    first: Whole
    last: Whole
    online: Whole


def _heard(hours: pl.DataFrame, axis: _Axis) -> _Heard:
    # On the axis an hour's first report is one number that orders devices and times at once.
    vouching = hours.lazy().filter(pl.col("online_minutes") > 0).join(axis.places.lazy(), on="device_id")
    rows = vouching.select("place", "online_minutes", first=axis.at("first_at"), last=axis.at("last_at")).sort("first")
    found = rows.collect()
    online = np.round(found["online_minutes"].to_numpy() * _MINUTE).astype(np.int64)
    place = found["place"].to_numpy().astype(np.int64)
    return _Heard(place, found["first"].to_numpy(), found["last"].to_numpy(), online)


def _service(heard: _Heard, events: pl.DataFrame, axis: _Axis) -> tuple[Whole, tuple[Whole, Whole]]:
    """From when on each device is expected, and the spans in which it was removed."""
    base = np.arange(len(axis.devices), dtype=np.int64) * axis.span
    known = axis.devices["installed_at"].is_not_null().to_numpy()
    installed = axis.of(axis.devices.with_columns(pl.col("installed_at").fill_null(axis.since)), "installed_at")
    ends = base + axis.upto
    place = np.minimum(np.searchsorted(heard.first, base), max(len(heard.first) - 1, 0))
    first = heard.first[place] if len(heard.first) else ends
    is_own = (first >= base) & (first <= ends)
    begun = np.where(known, installed, np.where(is_own, first, ends))
    gone = events.filter(pl.col("kind") == "removed").join(axis.devices, on="device_id")
    # Who is put in place after a removal is in service from then on.
    gone = gone.filter((pl.col("at") >= pl.col("installed_at")).fill_null(value=True))
    since = axis.of(gone, "at")
    following = np.searchsorted(heard.last, since, side="right")
    end = gone["place"].to_numpy().astype(np.int64) * axis.span + axis.upto
    # Where no report follows, it does not come back within the view.
    back = np.append(heard.first, np.iinfo(np.int64).max)[following]
    return begun, (since, np.minimum(np.maximum(back, since), end))


def _blind(hours: pl.DataFrame, axis: _Axis) -> tuple[Whole, Whole]:
    """Spans without any report of any device, of an hour at least and of one and a half of the shortest interval."""
    house = (
        hours.filter(pl.col("reports") > 0).group_by("hour_at").agg(pl.col("first_at").min(), pl.col("last_at").max())
    )
    since = pl.lit(axis.since, INSTANT)
    rows = house.sort("hour_at").select(
        (pl.col("first_at", "last_at") - since).dt.total_microseconds().clip(0, axis.upto)
    )
    begins = np.concatenate([np.zeros(1, dtype=np.int64), rows["last_at"].to_numpy()])
    ends = np.append(rows["first_at"].to_numpy(), axis.upto)
    least = MISSED_INTERVALS * (axis.every.min() if len(axis.every) else 0)
    is_blind = ends - begins >= max(least, _HOUR)
    base = (np.arange(len(axis.devices), dtype=np.int64) * axis.span)[:, None]
    return (base + begins[is_blind]).ravel(), (base + ends[is_blind]).ravel()


def _offline(heard: _Heard, begun: Whole, axis: _Axis) -> tuple[Whole, Whole]:
    """Spans that no report vouches for: between hours, before the first, after the last, and within hours."""
    number, hour = np.arange(len(axis.every), dtype=np.int64), np.arange(len(heard.place), dtype=np.int64)
    # Of each device: from its beginning to its first hour, from each hour to the next, from the last one to the end.
    opening = number + np.searchsorted(heard.place, number)
    closing = number + np.searchsorted(heard.place, number, side="right")
    since = np.empty(len(number) + len(hour), dtype=np.int64)
    until, place = np.empty_like(since), np.empty_like(since)
    since[opening], since[hour + heard.place + 1] = begun, heard.last
    until[closing], until[hour + heard.place] = number * axis.span + axis.upto, heard.first
    place[opening], place[hour + heard.place + 1] = number, heard.place
    gap = np.flatnonzero(until - since > MISSED_INTERVALS * axis.every[place])
    half = axis.every[place[gap]] // 2
    # The beginning and the end of what is known are no reports: they vouch for nothing.
    begins = since[gap] + np.where(np.isin(gap, opening), 0, half)
    ends = until[gap] - np.where(np.isin(gap, closing), 0, half)
    every = axis.every[heard.place]
    # As the rollup numbers the intervals of an hour, the first and the last one included.
    slots = np.floor((heard.last - heard.first) / every + 0.5) + 1
    filled = np.clip(heard.online / (slots * every), 0, 1)
    missing = np.round((heard.last - heard.first) * (1 - filled)).astype(np.int64)
    some = np.flatnonzero(missing)
    return (
        np.concatenate([begins, heard.first[some]]),
        np.concatenate([ends, (heard.first + missing)[some]]),
    )
