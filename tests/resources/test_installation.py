"""An installation is made ready on first use, by however many processes, and joined by every other one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from resources.database import Database
from resources.environment import read_environment
from resources.installation import DAGSTER_DATABASE_URL, Installation, open_installation
from tests.resources.processes import finished, newest_migration, start

OPEN = """
import os
from datetime import UTC, datetime
from resources.environment import read_environment
from resources.installation import open_installation
from resources.ticks import Tick, last_ticks, record_tick
opened = open_installation(read_environment(os.environ))
record_tick(opened.database, Tick(os.environ["JOB"], datetime(2025, 1, 1, tzinfo=UTC), 0, ""))
print(*(tick.job for tick in last_ticks(opened.database)))
"""
INSTANCE = """
from dagster import DagsterInstance
with DagsterInstance.get() as instance:
    print(type(instance.run_storage).__name__, len(instance.get_runs()), instance.telemetry_enabled)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """The home of an installation that two processes opened at the same moment."""
    folder = tmp_path_factory.mktemp("home")
    processes = [start(OPEN, OPSGUARD_HOME=str(folder), OPSGUARD_DATABASE_URL="", JOB=job) for job in ("one", "two")]
    for process in processes:
        finished(process)
    return folder


@pytest.fixture(scope="module")
def installation(home) -> Iterator[Installation]:
    """This process has joined the same installation."""
    before = os.environ.get(DAGSTER_DATABASE_URL)
    yield open_installation(read_environment({"OPSGUARD_HOME": str(home)}))
    assert os.environ.get(DAGSTER_DATABASE_URL) == before, "who only joins leaves the environment alone"


def test_two_processes_that_start_together_on_nothing_share_one_embedded_server(home, installation):
    assert (home / "postgres" / "PG_VERSION").exists()
    assert installation.database.revision() == newest_migration()
    joined = finished(start(OPEN, OPSGUARD_HOME=str(home), OPSGUARD_DATABASE_URL="", JOB="three"))
    assert joined.split() == ["one", "three", "two"]


def test_the_home_of_dagster_is_written_once_and_then_belongs_to_its_owner(home, installation):
    file = home / "dagster" / "dagster.yaml"
    assert sorted(p.name for p in file.parent.iterdir() if p.suffix == ".yaml") == ["dagster.yaml"]
    edited = file.read_text(encoding="utf-8") + "# edited by its owner\n"
    file.write_text(edited, encoding="utf-8")
    open_installation(installation.environment)
    assert file.read_text(encoding="utf-8") == edited


def test_programs_of_the_installation_find_dagster_ready_in_its_own_schema(installation):
    variables = installation.variables({})
    printed = finished(start(INSTANCE, **variables)).splitlines()[-1]
    assert printed == "PostgresRunStorage 0 False"
    with installation.database.begin() as connection:
        places = connection.execute(
            text(
                "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name IN ('runs', 'event_logs')"
            )
        )
        assert places.scalars().all() == ["opsguard_dagster"]


def test_programs_are_given_every_address_and_no_telemetry(installation, home):
    variables = installation.variables({})
    assert variables["OPSGUARD_HOME"] == str(home)
    assert variables["OPSGUARD_LAKE"] == str(home / "lake") == installation.lake.uri
    assert variables["DAGSTER_HOME"] == str(home / "dagster")
    assert variables["DAGSTER_DISABLE_TELEMETRY"] == "yes"
    assert variables["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert "OPSGUARD_CONFIG" not in variables
    assert read_environment(variables).database_url == installation.database.url
    engine = create_engine(variables[DAGSTER_DATABASE_URL])
    with engine.begin() as connection:
        assert connection.execute(text("SELECT current_schema()")).scalar() == "opsguard_dagster"
    engine.dispose()


def test_an_own_home_of_dagster_and_a_config_are_passed_on(tmp_path):
    place = read_environment({"OPSGUARD_HOME": str(tmp_path), "OPSGUARD_CONFIG": str(tmp_path / "opsguard.yaml")})
    installation = Installation(place, Database(SecretStr("postgresql://ops:hunter2@db/opsguard")))
    variables = installation.variables({"DAGSTER_HOME": "/elsewhere"})
    assert variables["DAGSTER_HOME"] == "/elsewhere"
    assert variables["OPSGUARD_CONFIG"] == str(tmp_path / "opsguard.yaml")


def test_no_description_of_an_installation_shows_the_password(tmp_path):
    url = "postgresql://ops:hunter2@db/opsguard"
    place = read_environment({"OPSGUARD_HOME": str(tmp_path), "OPSGUARD_DATABASE_URL": url})
    installation = Installation(place, Database(SecretStr(url)))
    assert "hunter2" not in f"{installation!r} {installation} {installation.lake!r}"
