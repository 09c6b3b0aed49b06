"""The twin as a whole: all records of a region up to a moment, and records of all regions as files.

Here: putting the parts together. Not here: the parts.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import polars as pl

from opsguard_assets.simulator.alarms import alarmed
from opsguard_assets.simulator.arrivals import arrivals
from opsguard_assets.simulator.contractors import contracted
from opsguard_assets.simulator.desk import worked
from opsguard_assets.simulator.device_truth import device_truth
from opsguard_assets.simulator.guards import guarded
from opsguard_assets.simulator.incident_records import incident_records
from opsguard_assets.simulator.interventions import (
    INTERVENTION,
    NOTHING,
    given,
    punches_of,
    substitutions_of,
    took_over,
)
from opsguard_assets.simulator.life import events, states
from opsguard_assets.simulator.punches import punched
from opsguard_assets.simulator.reports import watched
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.truth import truth
from opsguard_assets.simulator.world import INSTANT, build_world

TABLES = (
    "clients", "sites", "calendars", "people", "groups", "memberships", "duty", "sla_policies", "tickets",
    "ticket_events", "devices", "telemetry", "device_events", "rosters", "absences", "substitutions", "attendance",
    "punch_feeds", "vendors", "work_orders", "external_alerts", "security_events",
)  # fmt: skip
_SHARED = ("calendars", "sla_policies")
_MANIFEST = "manifest.json"
TRUTH = "truth"
# What somebody did in the world, as it comes in; and from when on each acts.
_ASKED, _DONE = "interventions", "interventions.done.parquet"


class SimulationError(ValueError):
    """The twin cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Simulation:
    """The records of one region.

    Attributes:
        tables: Canonical records by table, each with `known_at`; `tickets` holds one row per change.
        truth: True breach probabilities (`truth.truth`); not a record of any system.
        of_devices: Computes `device_truth`, which takes longer than all records together.
        shift_truth: True probabilities of no-shows, and what happened (`punches.Punched.truth`); likewise.
        order_truth: True probabilities of late work orders (`contractors.Contracted.truth`); likewise.
        alarm_truth: True probabilities that alarms need a person (`alarms.Alarmed.truth`); likewise.
    """

    tables: dict[str, pl.DataFrame]
    truth: pl.DataFrame
    of_devices: Callable[[], pl.DataFrame] = field(repr=False)
    shift_truth: pl.DataFrame
    order_truth: pl.DataFrame
    alarm_truth: pl.DataFrame

    @cached_property
    def device_truth(self) -> pl.DataFrame:
        """True probabilities of device failures (`device_truth.device_truth`), computed when somebody asks."""
        return self.of_devices()

    @property
    def truths(self) -> dict[str, pl.DataFrame]:
        """The true probabilities by their folder below `truth`; those of tickets lie in it itself."""
        return {
            ".": self.truth, "devices": self.device_truth, "shifts": self.shift_truth, "work_orders": self.order_truth,
            "external_alerts": self.alarm_truth,
        }  # fmt: skip


def simulate(
    settings: SimulationSettings,
    until: datetime,
    *,
    region: int = 0,
    latest_only: bool = False,
    interventions: pl.DataFrame = NOTHING,
) -> Simulation:
    """All records of a region that are known by `until`.

    A later `until` adds records and changes none: the world does not depend on how far it is watched. A further
    intervention changes no record that was known before it.

    Args:
        settings: The world.
        until: The last instant of knowledge, UTC.
        region: Which region.
        latest_only: Keep only the last state of each ticket, for scale.
        interventions: What somebody did in this world: rows of `interventions.INTERVENTION`.
    """
    world = build_world(settings, region, until)
    queued = worked(arrivals(settings, region, until), world.agents, settings)
    lives = given(queued, interventions, settings, region)
    every = states(lives, until)
    changes = events(every)
    latest = every.unique("ticket_id", keep="last", maintain_order=True) if latest_only else every
    known = {name: table for name, table in world.tables.items() if region == 0 or name not in _SHARED}
    things = watched(settings, region, until, interventions)
    guards = guarded(settings, region, known["sites"], until)
    clocks = punched(settings, region, guards, known["sites"], until)
    over = took_over(guards.shifts, interventions, until)
    late_punches = punches_of(over, known["sites"], settings, region).filter(pl.col("known_at") <= until)
    swaps = substitutions_of(over).filter(pl.col("known_at") <= until)
    jobs = contracted(settings, region, known["sites"], until)
    alarms = alarmed(settings, region, known["sites"], until)
    people = pl.concat([known["people"], guards.tables["people"]], how="diagonal_relaxed")
    tables = {
        **known,
        **guards.tables,
        "people": people,
        "attendance": pl.concat([clocks.attendance, late_punches], how="diagonal_relaxed"),
        "substitutions": pl.concat([guards.tables["substitutions"], swaps], how="diagonal_relaxed"),
        "punch_feeds": clocks.punch_feeds,
        "vendors": jobs.vendors,
        "work_orders": jobs.work_orders,
        "external_alerts": alarms.external_alerts,
        "security_events": incident_records(settings, region, alarms, until),
        "tickets": latest,
        "ticket_events": changes,
        "devices": things.fleet.devices.with_columns(known_at=pl.lit(settings.starts_at, INSTANT)),
        "telemetry": things.telemetry,
        "device_events": things.events,
    }
    of_devices = partial(device_truth, settings, region, things.fleet, things.states)
    return Simulation(tables, truth(lives), of_devices, clocks.truth, jobs.truth, alarms.truth)


def write_records(
    settings: SimulationSettings, folder: Path, *, until: datetime, progress: Callable[[int], None] | None = None
) -> int:
    """Writes the records that became known since the last call, as `<folder>/<table>/<region>-<until>.parquet`.

    The truth is written to `<folder>/truth/`, beside the sources. The same `until` again writes nothing.

    Returns:
        Records written.

    Raises:
        SimulationError: When the folder holds the records of another world, or the world has not begun.
    """
    if until < settings.starts_at:
        raise SimulationError(
            f"the simulated provider begins at {settings.starts_at:%Y-%m-%d}, after {until:%Y-%m-%d %H:%M} UTC; "
            "choose an earlier start (`starts_at`, `--from`)"
        )
    since = _known_until(folder, settings)
    if since is not None and until <= since:
        return 0
    done = _done(folder, since or settings.starts_at)
    written = 0
    for region in range(settings.regions):
        world = simulate(settings, until, region=region, interventions=done)
        for name, table in world.tables.items():
            fresh = table if since is None else table.filter(pl.col("known_at") > since)
            rows = _write(fresh, folder / name / f"{region:04d}-{until:%Y%m%dT%H%M%S}.parquet")
            written += rows
            if progress:
                progress(rows)
        for kind, rows_of_kind in world.truths.items():
            _replace(rows_of_kind, folder / TRUTH / kind / f"{region:04d}.parquet")
    _note(folder, settings, until)
    return written


def intervene(folder: Path, interventions: pl.DataFrame, name: str) -> None:
    """Puts what somebody did where the world of a folder finds it; it acts from the next records on.

    Args:
        folder: The folder of the records.
        interventions: Rows of `interventions.INTERVENTION`.
        name: Of the file. The same name again replaces what had not acted yet, and repeats nothing that had.
    """
    _replace(interventions.select(INTERVENTION.names()).cast(INTERVENTION), folder / _ASKED / f"{name}.parquet")


def _done(folder: Path, since: datetime) -> pl.DataFrame:
    """Everything that was done in the world of a folder, each from when on it acts.

    What comes later than records that it would have changed acts from their end on; that is kept, so that the past
    stays as it was written.
    """
    files = sorted((folder / _ASKED).glob("*.parquet"))
    kept = folder / _DONE
    before = pl.read_parquet(kept) if kept.exists() else NOTHING.with_columns(acts_at=pl.lit(None, INSTANT))
    if files:
        asked = pl.concat([pl.read_parquet(file) for file in files]).unique(maintain_order=True)
        new = asked.join(before, on=INTERVENTION.names(), how="anti", nulls_equal=True)
        acts = new.with_columns(acts_at=pl.max_horizontal("at", pl.lit(since, INSTANT)))
        before = pl.concat([before, acts.select(before.columns)])
        _replace(before, kept)
    return before.with_columns(at="acts_at").select(INTERVENTION.names())


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What was written to a folder so far: `settings` and `until`; None before the first time."""
    path = folder / _MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _write(table: pl.DataFrame, path: Path) -> int:
    """Writes rows, if there are any; how many."""
    if len(table):
        _replace(table, path)
    return len(table)


def _replace(table: pl.DataFrame, path: Path) -> None:
    """A file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    table.write_parquet(draft)
    draft.replace(path)


def _known_until(folder: Path, settings: SimulationSettings) -> datetime | None:
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    if manifest["settings"] != settings.model_dump(mode="json"):
        raise SimulationError(f"{folder} holds another world; remove the folder or give the simulator another one")
    return datetime.fromisoformat(manifest["until"])


def _note(folder: Path, settings: SimulationSettings, until: datetime) -> None:
    draft = folder / f"{_MANIFEST}.draft"
    draft.write_text(
        json.dumps({"settings": settings.model_dump(mode="json"), "until": until.isoformat()}), encoding="utf-8"
    )
    draft.replace(folder / _MANIFEST)
