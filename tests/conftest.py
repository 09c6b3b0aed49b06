"""What tests of several rooms share: a real PostgreSQL, one per worker, and an empty database of it per test."""

import gc
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

# The workers of pytest-xdist share the cores: OpenMP's threads would spin while they wait for one another, and those of
# Polars wake for frames of a few rows.
os.environ |= {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", **os.environ}

from resources.database import Database
from resources.postgres import start_embedded, stop_embedded
from tests.databases import Databases
from tests.long import DRAW
from tests.needs import needs_the_world
from tests.order import Together, arrange
from tests.properties import is_full, register
from tests.resources.embedded import QUICK

_ROOT = pytest.StashKey[str]()
_PREFIX, _KEPT_SECONDS = "opsguard-tests-", 86_400
# A folder in memory, and how many bytes of it a session and the tests themselves may take.
_MEMORY, _ROOM = Path("/dev/shm"), 12 * 1024**3  # noqa: S108 - the session makes a folder of its own in it
# Where pytest makes its folders, and where everything else does.
_PLACES = ("PYTEST_DEBUG_TEMPROOT", "TMPDIR")
register()


def pytest_configure(config):
    """A temporary root of this session and of the programs that it starts, which is removed when all is well."""
    for number in (signal.SIGHUP, signal.SIGINT):
        # Started by nohup or in the background, the session ignores these, and programs that tests start would, too.
        # A handler is not inherited.
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    os.environ.setdefault(DRAW, str(secrets.randbelow(10_000)))
    if not hasattr(config, "workerinput") and "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        config.stash[_ROOT] = _root()


def pytest_report_header():
    """By what the run drew its points: set so, another run draws the same."""
    return f"{DRAW}={os.environ[DRAW]}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One more than there are cores: tests wait for processes and servers that they started."""
    return (psutil.cpu_count() or 1) + 1


def _root() -> str:
    """Makes the root; removes those of sessions that failed or were killed, a day after them."""
    for left in (each for place in {tempfile.gettempdir(), str(_MEMORY)} for each in Path(place).glob(f"{_PREFIX}*")):
        if time.time() - left.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    root = tempfile.mkdtemp(prefix=_PREFIX, dir=_in_memory())
    Path(root).chmod(0o1777)  # as open as the folder that it stands in for: servers of root run as another user
    os.environ |= dict.fromkeys(_PLACES, root)
    tempfile.tempdir = None  # it is looked up again
    return root


def _in_memory() -> Path | None:
    """Where files are made fastest: a database is copied eight times as fast; None where that has too little room."""
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return None
    room = os.statvfs(_MEMORY)
    is_wide = min(room.f_bavail * room.f_frsize, psutil.virtual_memory().available) > _ROOM
    return _MEMORY if is_wide and not room.f_flag & os.ST_NOEXEC else None


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
def pytest_collection_modifyitems(config, items):
    arrange(items)
    # A test that somebody names runs, however long it takes.
    if not is_full() and "long" not in config.option.markexpr and not any("::" in each for each in config.args):
        long = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in set(long)]
        config.hook.pytest_deselected(items=long)
    if "load" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("load"):
                item.add_marker(pytest.mark.skip(reason="minutes of work: run with `-m load`"))


def pytest_collection_finish():
    """Modules and tests live until the end: the garbage collector need not walk a million objects of theirs again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _stores_stay_as_named():
    """A command that leaves its lake in the environment would hand it to every later test of the worker."""
    before = _stores()
    yield
    assert _stores() == before


def _stores() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(("OPSGUARD_", "DAGSTER_"))}


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
        for name in _PLACES:
            del os.environ[name]
        tempfile.tempdir = None


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """The address of a PostgreSQL of this worker."""
    folder = Path(tmp_path_factory.mktemp("postgres"), "data")
    yield start_embedded(folder, settings=QUICK)
    stop_embedded(folder)


@pytest.fixture(scope="session")
def databases(server) -> Iterator[Databases]:
    """Where tests get databases of their own."""
    made = Databases(server)
    yield made
    made.close()


@pytest.fixture
def database(databases) -> Iterator[Database]:
    """OpsGuard's database, migrated."""
    made = databases.migrated()
    yield made
    databases.drop(made)


@pytest.fixture
def database_with_mlflow(databases) -> Iterator[Database]:
    """OpsGuard's database, migrated, with the tables of MLflow."""
    made = databases.with_mlflow()
    yield made
    databases.drop(made)


@pytest.fixture
def database_url(database) -> str:
    """The address of OpsGuard's database."""
    return database.url.get_secret_value()
