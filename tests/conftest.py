"""What tests of several rooms share: a real PostgreSQL, one per worker, and an empty database of it per test."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# The workers of pytest-xdist share the cores: OpenMP's threads would spin while they wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from resources.database import Database
from resources.postgres import start_embedded
from tests.databases import Databases
from tests.needs import needs_the_world
from tests.order import Together, arrange
from tests.properties import register
from tests.resources.embedded import QUICK, leave

_ROOT = pytest.StashKey[str]()
register()


def pytest_configure(config):
    """A temporary root of this session alone, which is removed when all is well."""
    for number in (signal.SIGHUP, signal.SIGINT):
        # Started by nohup or in the background, the session ignores these, and programs that tests start would, too.
        # A handler is not inherited.
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    if not hasattr(config, "workerinput") and "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = config.stash[_ROOT] = tempfile.mkdtemp(prefix="opsguard-tests-")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests that share a world of their module run on one worker: elsewhere it would be built again."""
    return Together(config, log)


def pytest_ignore_collect(collection_path, config):
    """What cannot be fast is not even imported where only fast tests are asked for."""
    if config.option.markexpr == "fast" and collection_path.name.startswith("test_") and collection_path.is_file():
        return needs_the_world(collection_path) or None
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    arrange(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Forgets an instance of Dagster that is gone: its storage would be asked when the next definitions are loaded.

    Dagster keeps the storage in a context variable and restores what was there when an instance ends, in whatever
    order they end.
    """
    state = sys.modules.get("dagster._core.storage.defs_state.base")
    storage = state and state.DefsStateStorage.get()
    if storage and getattr(storage, "_instance_weakref", lambda: storage)() is None:
        state._current_storage.set(None)


def pytest_sessionfinish(session, exitstatus):
    """What a failed session leaves behind stays for those who want to look."""
    root = session.config.stash.get(_ROOT, None)
    if root and exitstatus == 0:
        shutil.rmtree(root, ignore_errors=True)
        del os.environ["PYTEST_DEBUG_TEMPROOT"]


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """The address of a PostgreSQL of this worker."""
    folder = Path(tmp_path_factory.mktemp("postgres"), "data")
    yield start_embedded(folder, settings=QUICK)
    leave(folder)


@pytest.fixture(scope="session")
def databases(server) -> Databases:
    """Where tests get databases of their own."""
    return Databases(server)


@pytest.fixture
def database(databases) -> Database:
    """OpsGuard's database, migrated."""
    return databases.migrated()


@pytest.fixture
def database_with_mlflow(databases) -> Database:
    """OpsGuard's database, migrated, with the tables of MLflow."""
    return databases.with_mlflow()


@pytest.fixture
def database_url(database) -> str:
    """The address of OpsGuard's database."""
    return database.url.get_secret_value()
