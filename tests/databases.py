"""Databases of a worker's PostgreSQL: empty ones, and copies of one that is migrated already.

Migrating an empty database takes half a second and MLflow's schema nine; a copy of a template takes a tenth of one.
"""

import itertools
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url, text

from resources.database import MLFLOW, Database

_MIGRATED, _WITH_MLFLOW = "template_migrated", "template_with_mlflow"


@dataclass
class Databases:
    """The databases of one server; each call makes one that nobody else has."""

    server: str
    _numbers: itertools.count = field(default_factory=itertools.count)
    _templates: set[str] = field(default_factory=set)

    def empty(self) -> str:
        """The address of a database without any table."""
        return self._created(f"test_{next(self._numbers)}", "template1")

    def migrated(self) -> Database:
        """OpsGuard's database at its newest migration."""
        self._ready(_MIGRATED, "template1", lambda database: database.migrate())
        return _opened(self._created(f"test_{next(self._numbers)}", _MIGRATED))

    def with_mlflow(self) -> Database:
        """The same with MLflow's tables."""
        self._ready(_MIGRATED, "template1", lambda database: database.migrate())
        self._ready(_WITH_MLFLOW, _MIGRATED, _make_mlflow_tables)
        return _opened(self._created(f"test_{next(self._numbers)}", _WITH_MLFLOW))

    def copied(self, database: Database) -> Database:
        """A copy of a database. Nobody else may be connected to it."""
        database.engine.dispose()
        return _opened(self._created(f"test_{next(self._numbers)}", _name_of(database)))

    def drop(self, database: Database) -> None:
        """Removes a database and ends the connections to it: each one is ten megabytes."""
        database.engine.dispose()
        self._administered(f'DROP DATABASE "{_name_of(database)}" WITH (FORCE)')

    def close(self) -> None:
        """Ends the connection by which databases are made."""
        self._admin.dispose()

    def _ready(self, name, template, prepare):
        if name not in self._templates:
            prepared = _opened(self._created(name, template))
            prepare(prepared)
            prepared.engine.dispose()
            self._templates.add(name)

    def _created(self, name, template) -> str:
        # Its files copied as they are: two thirds of the work of writing every page to the log.
        self._administered(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def _administered(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    @cached_property
    def _admin(self) -> Engine:
        address = make_url(self.server).set(drivername="postgresql+psycopg")
        return create_engine(address, isolation_level="AUTOCOMMIT", pool_size=1)


def _opened(url: str) -> Database:
    return Database(SecretStr(url))


def _name_of(database: Database) -> str:
    return make_url(database.url.get_secret_value()).database


def _make_mlflow_tables(database: Database) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    # A template is copied only while nobody is connected to it.
    SqlAlchemyStore(database.url_for(MLFLOW), "mlflow-artifacts:/").engine.dispose()
