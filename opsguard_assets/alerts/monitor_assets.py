"""The asset of a monitor: its findings, and the decision on each. The same for all monitors.

Here: settling one tick and showing it. Not here: the findings (each domain), the alert lifecycle (`lifecycle`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from opsguard_assets.alerts.lifecycle import Monitor, Settled, settle
from opsguard_assets.alerts.queries import alerts, count_by_state, newest_tick
from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of, preview_rows
from opsguard_assets.moment import TOLERANCE, Moment
from resources.database import Database
from resources.lake import Lake

_CHECK = "findings_equal_decisions"
_SHOWN = ("title", "severity", "state", "score", "client_id", "first_seen_at", "occurrences", "reason")


class FutureTickError(RuntimeError):
    """A tick in the future was settled; the message says how to withdraw it."""


@dataclass(frozen=True)
class Watched:
    """A monitor and its input.

    Attributes:
        monitor: The monitor.
        key: The asset key.
        room: The domain of its records, which owns the asset.
        deps: The upstream assets.
        description: The description in the UI.
        findings: Computes the findings of a moment, with suppression marks.
        tick: The moment of the tick to which a time belongs.
    """

    monitor: Monitor
    key: dg.AssetKey
    room: str
    deps: tuple[dg.AssetKey, ...]
    description: str
    findings: Callable[[Lake, Database, datetime], pl.DataFrame]
    tick: Callable[[datetime], datetime] = lambda instant: instant


def monitor_asset(watched: Watched, settings: Settings) -> dg.AssetsDefinition:
    """The asset of a monitor's alerts."""

    @dg.asset(
        key=watched.key,
        deps=watched.deps,
        group_name="alerts",
        kinds={"postgres"},
        owners=owners_of(watched.room),
        description=f"{watched.description} Raised once, refreshed, cleared; every finding of a tick ends in one "
        "recorded decision.",
        check_specs=[check_spec(_CHECK, watched.key, blocking=True)],
    )
    def settled_alerts(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Materialized:
        as_of = watched.tick(config.instant())
        _check_newest(database, watched.monitor)
        settled = settle(
            database,
            watched.findings(lake, database, as_of),
            watched.monitor,
            as_of,
            reopen_within=timedelta(minutes=settings.alerts.reopen_within_minutes),
        )
        return dg.MaterializeResult(metadata=dict(_shown(database, settled, as_of)), check_results=[_complete(settled)])

    return settled_alerts


def _check_newest(database: Database, monitor: Monitor) -> None:
    """Refuses to go on after a settled tick in the future: every real tick would be late, and nothing would be alerted.

    Raises:
        FutureTickError: When there is one.
    """
    newest = newest_tick(database, monitor.name)
    if newest is not None and newest > datetime.now(UTC) + TOLERANCE:
        raise FutureTickError(
            f"Alerts of {monitor.name} were settled for {newest:%Y-%m-%d %H:%M} UTC, which is in the future; until "
            "then every tick is late and changes nothing. Undo it with `opsguard ticks withdraw`."
        )


def _complete(settled: Settled) -> dg.AssetCheckResult:
    decided = {decision: count for decision, count in settled.decisions.items() if decision != "cleared"}
    words = ", ".join(f"{count:,} {decision}" for decision, count in sorted(decided.items())) or "none"
    return dg.AssetCheckResult(
        check_name=_CHECK,
        passed=settled.is_complete,
        description=f"{settled.findings:,} findings; decided: {words}",
        metadata={"findings": settled.findings, "decisions": sum(decided.values())},
    )


def _shown(database: Database, settled: Settled, as_of: datetime) -> Iterator[tuple[str, dg.MetadataValue]]:
    note = "this moment was settled before; nothing was changed" if settled.is_repeated else None
    note = "a later moment was settled before; nothing was changed" if settled.is_late else note
    yield from figures({"as_of": as_of, "findings": settled.findings, **settled.decisions}).items()
    if note:
        yield "note", dg.MetadataValue.text(note)
    yield "unresolved", preview_rows(count_by_state(database))
    newest = alerts(database, limit=20)
    yield "most_severe", preview_rows([{name: row[name] for name in _SHOWN} for row in newest])
