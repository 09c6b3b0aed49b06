"""Hourly rollups brought up to date with the loads of telemetry.

Here: which hours loads touched, reading their reports, appending the versions that are new. Not here: rolling
(`rollup`), cutting work into portions (`rollup_plan`) and reading (`telemetry.hourly_io`).

Versions that exist are not added again, so a killed run is repeated from the last mark. A portion may read devices that
no load touched, where that is cheaper than leaving them out; their versions do not change.
"""

import contextlib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

import dataframely as dy
import polars as pl

from opsguard_assets.derivation import Span, mark, pending
from opsguard_assets.devices.telemetry.hourly_io import (
    HIDDEN,
    NAME,
    ORDINAL,
    PAIR,
    REPLACES,
    VERSION,
    stored_hours,
    within,
)
from opsguard_assets.devices.telemetry.rollup import DEVICE_COLUMNS, HOUR, REPORT_COLUMNS, is_ahead, is_late, rolled
from opsguard_assets.devices.telemetry.rollup_plan import Portion, portions
from opsguard_assets.devices.telemetry.schemas import ADDED, DEVICE_HOURLY, StoredHour
from opsguard_assets.tables.registry import DEVICES, TELEMETRY
from opsguard_assets.tables.table import empty_of, rows_of
from opsguard_assets.tables.versions import IS_WITHDRAWN, SEQUENCE, visible
from resources.daily import FIRST, Daily
from resources.daily_files import HEARD_AT, SLICE
from resources.lake import Lake, LakeError
from resources.progress import Progress, Silent

# Two million reports with their channels take about a gibibyte while they are rolled.
PORTION_REPORTS = 2_000_000
_MOST_UNWRITTEN = 500_000
_ATTEMPTS = 5
_TICK = timedelta(microseconds=1)
# What is known of a device may change without any report: such a change alone makes no new version of a past hour.
_OF_DEVICE = ("expected_minutes", "online_minutes", "temperature_out_minutes")
_FIGURES = tuple(name for name in DEVICE_HOURLY.columns if name not in (*VERSION, "rolled_at", "date"))


@dataclass(frozen=True)
class Rolled:
    """The result of an update of the rollups.

    Attributes:
        reports: New versions of reports.
        late: Of them, those that became known more than an hour after they were measured.
        future: Of them, those dated more than five minutes after they became known.
        devices: Devices that reported.
        versions: Versions of hours that were added.
        hours: Hours of devices of which a version was added.
        again: Of them, those that had been rolled before: what late reports and corrections touched.
        span: The loads that were followed; None where there were none.
        stretches: The stretches of time that were rolled.
    """

    reports: int = 0
    late: int = 0
    future: int = 0
    devices: int = 0
    versions: int = 0
    hours: int = 0
    again: int = 0
    span: Span | None = None
    stretches: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True)
class _Followed:
    """The loads that are followed, and the (device, hour) of all versions of the reports that they corrected."""

    span: Span
    corrected: pl.DataFrame


class _DisturbedError(LakeError):
    """Another run wrote between reading and writing; nothing of this portion was written."""


@dataclass
class _Ledger:
    """Versions on their way into the lake, and how many there were."""

    lake: Lake
    sequence: int
    waiting: list[pl.DataFrame] = field(default_factory=list)
    versions: int = 0
    hours: int = 0
    again: int = 0

    @classmethod
    def of(cls, lake: Lake) -> Self:
        """A ledger that resumes after what was appended."""
        return cls(lake, lake.appended_up_to(NAME, NAME) or 0)

    def add(self, fresh: pl.DataFrame) -> None:
        pairs = fresh.group_by(PAIR).agg((pl.col(ORDINAL) == 0).any().alias("is_first"))
        self.versions += len(fresh)
        self.hours += len(pairs)
        self.again += int((~pairs["is_first"]).sum())
        self.waiting.append(fresh)
        if sum(map(len, self.waiting)) > _MOST_UNWRITTEN:
            self.write()

    def write(self) -> None:
        """Appends what waits, unless somebody else appended since this run looked at what exists."""
        if not sum(map(len, self.waiting)):
            return
        # By the hour, so that statistics tell the hours of a file's parts; who asks for one opens few of them.
        rows = pl.concat(self.waiting).sort("hour_at", "device_id")
        self.waiting = []
        self.sequence += 1
        if not self.lake.append_once(NAME, rows, stream=NAME, sequence=self.sequence, partition_by=["date"]):
            raise _DisturbedError(f"{NAME}: somebody else rolled hours up at the same time, and again; run once more")


class _Draft(_Ledger):
    """Versions that are not written: a reader that must not write uses them beside the stored ones."""

    def write(self) -> None:
        """Leaves them where they are."""


def update_hourly(lake: Lake, *, progress: Progress, portion_reports: int = PORTION_REPORTS) -> Rolled:
    """Rolls the hours that loads of telemetry touched since the last time.

    Args:
        lake: The lake.
        progress: Listens to the reports done.
        portion_reports: About how many reports are in memory at once.

    A tick and a training may do this at the same time: a run that finds that another one wrote starts anew with what
    is left.

    Raises:
        LakeError: When another run wrote first in every attempt.
    """
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(_DisturbedError):
            return _update(lake, progress, portion_reports)
    return _update(lake, progress, portion_reports)


def _update(lake: Lake, progress: Progress, portion_reports: int) -> Rolled:
    span = pending(lake, NAME, [TELEMETRY])
    if span is None:
        return Rolled()
    daily = lake.daily(TELEMETRY)
    done = _follow(_Ledger.of(lake), daily, span, progress, portion_reports)
    mark(lake, NAME, span)
    return _counted(daily, span, done)


def unwritten_hourly(lake: Lake, *, portion_reports: int = PORTION_REPORTS) -> dy.DataFrame[StoredHour]:
    """The versions of hours that `update_hourly` would add; nothing is written."""
    span = pending(lake, NAME, [TELEMETRY])
    draft = _Draft(lake, sequence=0)
    if span is not None:
        _follow(draft, lake.daily(TELEMETRY), span, Silent(), portion_reports)
    return rows_of(StoredHour, pl.concat([empty_of(StoredHour), *draft.waiting]))


def _follow(ledger: _Ledger, daily: Daily, span: Span, progress: Progress, portion_reports: int) -> Rolled:
    """Rolls the hours that the loads of a span touched."""
    corrected = _corrected(daily, span)
    touched = _touched(daily, span, corrected)
    plan = portions(touched, daily.rows_by_day(), reports=portion_reports)
    return _roll(ledger, daily, plan, progress, _Followed(span, corrected))


def roll_day(lake: Lake, day: date, *, progress: Progress, portion_reports: int = PORTION_REPORTS) -> Rolled:
    """Rolls all hours of a day again, with what is known of the devices today."""
    daily = lake.daily(TELEMETRY)
    since = datetime.combine(day, time(), UTC)
    heard = daily.versions(since=since, before=since + timedelta(days=1)).group_by(_hour()).agg(touched=pl.len())
    touched = heard.with_columns(pl.col("touched").cast(pl.Int64)).collect(engine="streaming")
    plan = [
        replace(portion, is_whole=True) for portion in portions(touched, daily.rows_by_day(), reports=portion_reports)
    ]
    return _roll(_Ledger.of(lake), daily, plan, progress, None)


def _roll(ledger: _Ledger, daily: Daily, plan: list[Portion], progress: Progress, followed: _Followed | None) -> Rolled:
    """Adds the new versions of all portions; without followed loads, also those that only master data changed."""
    # Opened once: no hour of a device is in two portions. The ledger's number was read before, so that nobody writes in
    # between.
    lake, stored = ledger.lake, stored_hours(ledger.lake)
    devices = (
        lake.versions(DEVICES).filter(visible()).select(*DEVICE_COLUMNS, "known_at", SEQUENCE, IS_WITHDRAWN).collect()
    )
    advance = progress.begin("rolling telemetry up", sum(portion.touched for portion in plan))
    for portion in plan:
        window = {"since": portion.since, "before": portion.before}
        reports = daily.versions(**window).filter(portion.of_devices())
        before = within(stored, since=portion.since, upto=portion.before - _TICK).filter(portion.of_devices())
        if followed is not None and not portion.is_whole:
            arrived = daily.arrived(followed.span.after, followed.span.upto, **window).select("device_id", _hour())
            pairs = pl.concat([arrived.collect(), followed.corrected]).unique().lazy()
            reports = reports.with_columns(_hour()).join(pairs, on=PAIR, how="semi")
            before = before.join(pairs, on=PAIR, how="semi")
        rows, exists = reports.select(REPORT_COLUMNS).collect(engine="streaming"), before.collect(engine="streaming")
        fresh = rolled(rows, devices, exists.select(VERSION) if len(exists) else None)
        ledger.add(_new(fresh, exists, with_devices=followed is None))
        advance(portion.touched)
    ledger.write()
    stretches = tuple(dict.fromkeys((portion.since, portion.before) for portion in plan))
    span = None if followed is None else followed.span
    return Rolled(versions=ledger.versions, hours=ledger.hours, again=ledger.again, span=span, stretches=stretches)


def _new(fresh: pl.DataFrame, exists: pl.DataFrame, *, with_devices: bool) -> pl.DataFrame:
    """The versions that differ from those that exist, each with its place among them."""
    figures = [name for name in _FIGURES if with_devices or name not in _OF_DEVICE]
    if exists.is_empty():
        placed = fresh.with_columns(
            pl.int_range(pl.len()).over(PAIR).alias(ORDINAL), pl.lit(value=False).alias(REPLACES)
        )
        return placed.cast(HIDDEN)
    ranked = exists.sort("known_at", "rolled_at")
    last = ranked.unique(VERSION, keep="last").select(*VERSION, *figures, rolled_at="rolled_at", _exists=True)
    top = ranked.group_by(PAIR, maintain_order=True).agg(
        pl.col("known_at").last().alias("_top_known"), pl.col("rolled_at").last().alias("_top_rolled"), _held=pl.len()
    )
    compared = fresh.join(last, on=VERSION, how="left", suffix="_before", maintain_order="left")
    unknown = {name: pl.col(f"{name}_before").is_null() for name in ADDED if not with_devices}
    same = pl.all_horizontal(
        pl.col(name).eq_missing(pl.col(f"{name}_before")) | unknown.get(name, False) for name in figures
    )
    said = pl.col("_exists").fill_null(value=False)
    # Of two versions of the same full hour the one rolled later counts, also where no load lies between them.
    later = pl.max_horizontal("rolled_at", pl.col("rolled_at_before") + _TICK)
    added = compared.filter(~(said & same)).with_columns(later.alias("rolled_at"), said.alias(REPLACES))
    joined = added.join(top, on=PAIR, how="left", maintain_order="left")
    above = (pl.col("known_at") > pl.col("_top_known")) | (
        (pl.col("known_at") == pl.col("_top_known")) & (pl.col("rolled_at") > pl.col("_top_rolled"))
    )
    ordinal = pl.col("_held").fill_null(0) + pl.int_range(pl.len()).over(PAIR)
    where = pl.when(above.fill_null(value=True)).then(ordinal).otherwise(-1).alias(ORDINAL)
    return joined.with_columns(where).select(*DEVICE_HOURLY.columns, *HIDDEN).cast(HIDDEN)


def _hour() -> pl.Expr:
    return pl.col(HEARD_AT).dt.truncate(HOUR).alias("hour_at")


def _corrected(daily: Daily, span: Span) -> pl.DataFrame:
    """The (device, hour) of all versions of the reports that loads of a span corrected."""
    arrived = daily.arrived(span.after, span.upto).filter(pl.col(SLICE) != FIRST)
    keys = arrived.select(TELEMETRY.key).unique().collect()
    return daily.versions_of(keys).select("device_id", _hour()).unique().collect()


def _touched(daily: Daily, span: Span, corrected: pl.DataFrame) -> pl.DataFrame:
    """How many reports of every hour are new, or were superseded by new ones."""
    arrived = daily.arrived(span.after, span.upto).group_by(_hour()).agg(touched=pl.len()).collect(engine="streaming")
    hours = [arrived, corrected.group_by("hour_at").agg(touched=pl.len())]
    return pl.concat(hours).group_by("hour_at").agg(pl.col("touched").sum().cast(pl.Int64))


def _counted(daily: Daily, span: Span, done: Rolled) -> Rolled:
    counts = daily.arrived(span.after, span.upto).select(
        pl.len(), is_late().sum().alias("late"), is_ahead().sum().alias("ahead"), pl.col("device_id").n_unique()
    )
    reports, late, future, devices = counts.collect(engine="streaming").row(0)
    return replace(done, reports=reports, late=late, future=future, devices=devices)
