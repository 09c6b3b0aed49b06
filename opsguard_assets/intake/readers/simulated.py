"""The simulated provider as a source: it writes files, which are then read like those of any other system.

Here: where its files lie, how far they go, and how its people answer. Not here: the simulator itself
(`opsguard_assets.simulator`).
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from pathlib import Path

import dataframely as dy
import polars as pl
from pydantic import ValidationError

from opsguard_assets.config.mapping import Feed
from opsguard_assets.config.sources import DirectSource, FileSource, SimulatorSource, Source
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.simulator.answering import Answer, Offered, answers
from opsguard_assets.simulator.interventions import INTERVENTION
from opsguard_assets.simulator.reports import CHANNELS
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import TABLES, intervene, read_manifest, write_records
from resources.database import Database
from resources.progress import Advance
from resources.sql import statement

HISTORY = timedelta(days=60)
# What is told again acts once, so a wide margin costs nothing; an answer may be recorded long after its moment.
_SLACK = timedelta(days=1)
# Tables by which a source could name real people, or their shifts.
_OF_PEOPLE = {"people", "rosters", "substitutions"}


def file_sources(source: SimulatorSource) -> list[FileSource]:
    """The file sources that a simulator stands for, one per table that it writes."""
    return [
        FileSource(
            name=f"{source.name}_{table}",
            kind="files",
            path=f"{source.folder}/{table}/*.parquet",
            feeds=(_feed(table),),
        )
        for table in TABLES
    ]


def _feed(table: str) -> Feed:
    """Columns are named as in the contract; changes of tickets have an order, reports have further channels."""
    sequence = "sequence" if table == "tickets" else None
    return Feed(table=table, same_names=True, sequence=sequence, channels=CHANNELS if table == "telemetry" else ())


def direct_sources(sources: Iterable[Source]) -> list[DirectSource]:
    """The sources that records are read from: simulators replaced by the files that they write."""
    return [
        direct
        for source in sources
        for direct in (file_sources(source) if isinstance(source, SimulatorSource) else [source])
    ]


def known_until(source: SimulatorSource) -> datetime | None:
    """Until when the provider's records are written; None before the first."""
    manifest = read_manifest(Path(source.folder))
    return datetime.fromisoformat(manifest["until"]) if manifest else None


def heed(source: SimulatorSource, database: Database) -> int:
    """Tells the provider what playbooks did since its last records: restarts, tickets given, shifts taken over.

    Returns:
        How many there were; those that are about nothing of this provider change nothing in it.
    """
    since = known_until(source)
    if since is None:
        return 0
    with database.begin() as connection:
        # What was done while the last records were written is not among them.
        found = connection.execute(statement(__name__, "interventions"), {"since": since - _SLACK}).all()
    rows = pl.DataFrame([tuple(row) for row in found], schema=INTERVENTION, orient="row")
    intervene(Path(source.folder), rows, "playbooks")
    return len(rows)


def only_provider(sources: Iterable[Source]) -> SimulatorSource | None:
    """The simulator that all people and shifts come from; None where any of them may be real."""
    simulators, others = [], set[str]()
    for source in sources:
        if isinstance(source, SimulatorSource):
            simulators.append(source)
        else:
            others |= {feed.table for feed in source.feeds}
    return simulators[0] if len(simulators) == 1 and not others & _OF_PEOPLE else None


def answers_of(source: SimulatorSource, offers: dy.DataFrame[Offered]) -> dy.DataFrame[Answer]:
    """What people of the provider answer who are offered shifts (`simulator.answering`), and when.

    Args:
        source: The provider; before its first records there is nobody in it.
        offers: Those that reached somebody.

    Raises:
        SourceError: When the settings are not settings of the simulator.
    """
    until = known_until(source)
    return answers(_settings(source, until), offers) if until is not None else Answer.create_empty()


def live_on(source: SimulatorSource, *, until: datetime, progress: Advance | None = None) -> int:
    """Writes what became known since the last time; without a start in the settings, 60 days of history first.

    Returns:
        Records written.

    Raises:
        SourceError: When the settings are not settings of the simulator.
    """
    folder = Path(source.folder)
    for table in TABLES:
        (folder / table).mkdir(parents=True, exist_ok=True)
    settings = _settings(source, until)
    return write_records(settings, folder, until=until.replace(microsecond=0), progress=progress)


def _settings(source: SimulatorSource, now: datetime) -> SimulationSettings:
    manifest = read_manifest(Path(source.folder))
    begun = manifest["settings"]["starts_at"] if manifest else datetime.combine(now - HISTORY, time(), now.tzinfo)
    try:
        return SimulationSettings.model_validate({"starts_at": begun, **source.settings})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SourceError(
            f"Source {source.name}: settings.{place}: {first['msg']}. docs/simulator.md lists the settings."
        ) from None
