"""What tests of several rooms share: a real PostgreSQL, one per worker, and an empty database of it per test."""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from resources.database import Database
from resources.postgres import start_embedded

_NUMBERS = itertools.count()
# How long an example takes says more of the machine than of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> str:
    """The address of a PostgreSQL of this worker."""
    return start_embedded(Path(tmp_path_factory.mktemp("postgres")))


@pytest.fixture
def database_url(server) -> str:
    """The address of an empty database."""
    name = f"test_{next(_NUMBERS)}"
    admin = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    admin.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def database(database_url) -> Database:
    """OpsGuard's database, migrated."""
    opened = Database(SecretStr(database_url))
    opened.migrate()
    return opened
