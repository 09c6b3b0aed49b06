"""What tests of several rooms share: a real PostgreSQL, one per worker, and an empty database of it per test."""

import itertools
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

# The workers of pytest-xdist share the cores: OpenMP's threads would spin while they wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from resources.database import Database
from resources.postgres import start_embedded

_NUMBERS = itertools.count()
_ROOT = pytest.StashKey[str]()
# How long an example takes says more of the machine than of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_configure(config):
    """A temporary root of this session alone: another session would close pytest's usual one to the embedded server.

    Run by root, the server is another user, who must be let through the folders above its data.
    """
    if not hasattr(config, "workerinput") and "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = config.stash[_ROOT] = tempfile.mkdtemp(prefix="opsguard-tests-")


def pytest_sessionfinish(session, exitstatus):
    """What a failed session leaves behind stays for those who want to look."""
    root = session.config.stash.get(_ROOT, None)
    if root and exitstatus == 0:
        shutil.rmtree(root, ignore_errors=True)
        del os.environ["PYTEST_DEBUG_TEMPROOT"]


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
