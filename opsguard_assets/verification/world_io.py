"""The world of verifications: a simulated provider with planted records in a lake and a database, and copies of it.

Here: building it once, and copying it. Not here: what is planted (each verification), where it may lie (the command).

Each verification works on a copy of its own, so that none depends on another one, and `--only` finds the same.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import SecretStr
from sqlalchemy import Connection, TextClause, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from opsguard_assets.config.settings import Settings
from opsguard_assets.simulator.twin import Simulation, simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.sla.derive_io import update_clocks, update_intervals
from opsguard_assets.verification.planting import ENDS, PROVIDER, with_planted
from opsguard_assets.verification.result import Records
from resources.database import Database
from resources.lake import Lake
from resources.progress import Silent

_PREPARED = "verification_world"


@dataclass(frozen=True, eq=False)
class World:
    """A copy of the world, for one verification.

    Attributes:
        lake: Its records.
        database: Empty, and migrated.
        settings: Those of a new installation.
        twin: The simulated provider: its records, and what is true of them.
        records: All records by table, with the planted ones.
        folder: For files.
        schedules: Gives the schedules of an installation (`schedules.SETTINGS`), as Dagster has them.
    """

    lake: Lake
    database: Database
    settings: Settings
    twin: Simulation
    records: dict[str, pl.DataFrame]
    folder: Path
    schedules: Callable[[], Sequence[Any]] = field(repr=False)

    def rows(self, query: str | TextClause, **values: object) -> list[dict[str, Any]]:
        """Rows of the database."""
        asked = text(query) if isinstance(query, str) else query
        with self.database.begin() as connection:
            return [dict(row) for row in connection.execute(asked, values).mappings()]

    def alerts(self, entities: Iterable[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """The alerts about some entities, by entity and type."""
        asked = "SELECT * FROM alerts WHERE entity_id = ANY(:entities) ORDER BY alert_id"
        return {(row["entity_id"], row["alert_type"]): row for row in self.rows(asked, entities=list(entities))}


@dataclass(frozen=True, eq=False)
class Prepared:
    """The world that copies are made of.

    Attributes:
        folder: Everything of it lies here.
        server: The address of a PostgreSQL of its own.
        settings: Those of a new installation.
        twin: The simulated provider.
        records: All records by table.
        schedules: Gives the schedules of an installation.
    """

    folder: Path
    server: str = field(repr=False)
    settings: Settings
    twin: Simulation
    records: dict[str, pl.DataFrame]
    schedules: Callable[[], Sequence[Any]] = field(repr=False)

    @contextmanager
    def copy(self, name: str) -> Iterator[World]:
        """A copy for one verification; it is removed in the end."""
        place, database = self.folder / name, f"verification_{name}"
        shutil.copytree(self.folder / "lake", place / "lake")
        self._administer(f'CREATE DATABASE "{database}" TEMPLATE "{_PREPARED}" STRATEGY FILE_COPY')
        opened = _database(self.server, database)
        lake = Lake(str(place / "lake"))
        try:
            yield World(lake, opened, self.settings, self.twin, self.records, place, self.schedules)
        finally:
            opened.engine.dispose()
            self._administer(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
            shutil.rmtree(place, ignore_errors=True)

    def remove(self) -> None:
        """Removes the database that copies are made of."""
        self._administer(f'DROP DATABASE IF EXISTS "{_PREPARED}" WITH (FORCE)')

    def _administer(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    @cached_property
    def _admin(self) -> Any:
        return _administrator(self.server)


def prepare(
    folder: Path, server: str, settings: Settings, planted: Sequence[Records], schedules: Callable[[], Sequence[Any]]
) -> Prepared:
    """Builds the world: the records of a simulated provider and the planted ones, SLA clocks, an empty database.

    Args:
        folder: An empty folder.
        server: The address of a PostgreSQL in which databases may be made.
        settings: Those of a new installation.
        planted: The records of all verifications.
        schedules: Gives the schedules of an installation.
    """
    with _administrator(server).connect() as connection:
        _make_database(connection)
    database = _database(server, _PREPARED)
    database.migrate()
    # A database is copied only while nobody is connected to it.
    database.engine.dispose()
    twin = simulate(PROVIDER, ENDS)
    records = with_planted(twin.tables, planted)
    lake = Lake(str(folder / "lake"))
    for name, rows in records.items():
        if len(rows):
            lake.record(TABLES[name], rows, loaded_at=ENDS)
    update_clocks(lake, progress=Silent())
    update_intervals(lake, progress=Silent())
    return Prepared(folder, server, settings, twin, records, schedules)


def _make_database(connection: Connection) -> None:
    connection.execute(text(f'DROP DATABASE IF EXISTS "{_PREPARED}" WITH (FORCE)'))
    connection.execute(text(f'CREATE DATABASE "{_PREPARED}"'))


def _database(server: str, name: str) -> Database:
    return Database(SecretStr(make_url(server).set(database=name).render_as_string(hide_password=False)))


def _administrator(server: str) -> Any:
    address = make_url(server).set(drivername="postgresql+psycopg")
    return create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
