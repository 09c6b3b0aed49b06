"""The database: PostgreSQL, for state that people and machines change and for what must happen once.

Here: connections, schemas, migrations, locks. Not here: facts and what is derived from them (`lake`).
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.event import listen
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from resources.addresses import AddressError, check_address
from resources.room import StorageError, storage_words

STATE, DAGSTER, MLFLOW = "opsguard", "opsguard_dagster", "opsguard_mlflow"
_NO_ADDRESS = (
    "OPSGUARD_DATABASE_URL is not an address of PostgreSQL. Write it like postgresql://user:password@host/database"
)
_MIGRATION_LOCK = "opsguard migrations"
# So many connections stay open between transactions; one that rested longer is asked whether it is still there.
_KEPT = 2
_RESTS_SINCE, _SHORT_REST_SECONDS = "rests_since", 0.1
# Firewalls forget a connection that rested for some minutes, and tell neither end.
_OLDEST_SECONDS = 240
_MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseError(RuntimeError):
    """The database cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Database:
    """One PostgreSQL database with three schemas: OpsGuard's state, Dagster's storage and MLflow's backend.

    Attributes:
        url: Address and credentials; never shown.
    """

    url: SecretStr

    @cached_property
    def _address(self) -> URL:
        """The address in its parts.

        Raises:
            DatabaseError: When it cannot be taken apart; no part of it is shown.
        """
        try:
            check_address(self.url.get_secret_value())
            address = make_url(self.url.get_secret_value())
        except AddressError as error:
            raise DatabaseError(f"OPSGUARD_DATABASE_URL: {error}") from None
        except (ArgumentError, ValueError):
            # What cannot be parsed is quoted by who tried, and may be half a password.
            raise DatabaseError(_NO_ADDRESS) from None
        if address.get_backend_name() not in ("postgresql", "postgres"):
            raise DatabaseError(_NO_ADDRESS)
        return address

    @property
    def place(self) -> str:
        """Where the database is, as it may be shown: no user, no password, no options."""
        host = self._address.host or self._address.query.get("host") or "this machine"
        port = f":{self._address.port}" if self._address.port else ""
        return f"{host}{port}/{self._address.database or ''}"

    def url_for(self, schema: str, *, driver: str = "psycopg2") -> str:
        """A SQLAlchemy URL whose unqualified names live in `schema`. It holds the password."""
        base = self._address.set(drivername=f"postgresql+{driver}")
        # Instants come back in UTC by this name, whatever the server's own zone is called: Polars compares names.
        options = f"-csearch_path={schema} -ctimezone=UTC"
        return base.update_query_dict({"options": options}).render_as_string(hide_password=False)

    @property
    def engine(self) -> Engine:
        """Connections to OpsGuard's own schema."""
        return _engine(self._url, os.getpid())

    @cached_property
    def _url(self) -> str:
        return self.url_for(STATE, driver="psycopg")

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction.

        Raises:
            DatabaseError: When the server cannot be reached.
            StorageError: When its disk is full.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except OperationalError as error:
            reason = " ".join(str(error.orig).split())
            remedy = "check that the server runs, and OPSGUARD_DATABASE_URL if it is set"
            full = storage_words([reason], [])
            if full is not None:
                raise StorageError(f"{self.place}: {full}") from None
            raise DatabaseError(f"{self.place} did not answer: {reason}; {remedy}") from None

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Holds the lock `name` across processes; it is released when this process ends, however it ends."""
        with self.begin() as connection:
            # A server that ends idle transactions would take the lock away in the middle of long work.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
            yield

    def migrate(self) -> None:
        """Creates the schemas and brings OpsGuard's own to the newest version. Safe from many processes at once."""
        # Every command opens the stores: where nothing is to be done, nothing is locked, and alembic is not imported.
        if self._is_current():
            return
        with self.lock(_MIGRATION_LOCK):
            with self.begin() as connection:
                for schema in (STATE, DAGSTER, MLFLOW):
                    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            with self.begin() as connection:
                _upgrade(connection)

    def _is_current(self) -> bool:
        with self.begin() as connection:
            schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = ANY (:schemas)"
            there = connection.execute(text(schemas), {"schemas": [STATE, DAGSTER, MLFLOW]}).scalar()
        return there == len((STATE, DAGSTER, MLFLOW)) and self.revision() == newest_revision()

    def revision(self) -> str | None:
        """The migration that the schema is at; None before the first."""
        with self.begin() as connection:
            present = connection.execute(text("SELECT to_regclass('alembic_version')")).scalar()
            if present is None:
                return None
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())


@cache
def _engine(url: str, _process: int) -> Engine:
    """The connections of a process to a database. A process that was forked does not use those of its parent.

    Opening one costs eight milliseconds of two processes' time, a small transaction half a one. Plans are not kept with
    a connection: they would be made for few rows and used for many, and fail when a migration changes a table.
    """
    engine = create_engine(
        url,
        pool_size=_KEPT,
        # Without bound: `lock` keeps a connection as long as its work, and the work needs others.
        max_overflow=-1,
        pool_recycle=_OLDEST_SECONDS,
        connect_args={"prepare_threshold": None},
    )
    listen(engine, "checkin", _note_rest)
    listen(engine, "checkout", _ask_after_rest)
    return engine


def _note_rest(_: Any, record: ConnectionPoolEntry) -> None:
    record.info[_RESTS_SINCE] = time.monotonic()


def _ask_after_rest(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Asks a connection whether it is still there, unless it was used a moment ago: the server may have restarted.

    Raises:
        DisconnectionError: When it is not; the pool opens another one.
    """
    if time.monotonic() - record.info.get(_RESTS_SINCE, time.monotonic()) < _SHORT_REST_SECONDS:
        return
    from psycopg import OperationalError as ConnectionLostError  # noqa: PLC0415 - a connection of it is open already

    try:
        connection.cursor().execute("SELECT 1")
        connection.rollback()
    except ConnectionLostError as error:
        raise DisconnectionError from error


def newest_revision() -> str:
    """The migration that this version of OpsGuard brings a database to."""
    return max(path.name[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only a start needs it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
