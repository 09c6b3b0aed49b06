"""Connections to Dagster's PostgreSQL: kept while a run executes, replaced when they are lost, closed afterwards."""

import dagster as dg
import pytest
from sqlalchemy import event, text
from sqlalchemy.pool import Pool

from resources.database import DAGSTER
from sensors.connections import kept_open
from tests.resources.processes import wait_for

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
CALLS = 10


@pytest.fixture
def instance(database, tmp_path):
    url = database.url_for(DAGSTER)
    (tmp_path / "dagster.yaml").write_text(f'storage: {{postgres: {{postgres_url: "{url}"}}}}\n')
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


@pytest.fixture
def opened():
    """Connections that were opened meanwhile."""
    found = []

    def note(connection, _):
        found.append(connection)

    event.listen(Pool, "connect", note)
    yield found
    event.remove(Pool, "connect", note)


def ask(instance):
    for _ in range(CALLS):
        assert instance.get_runs() == []
        assert instance.get_latest_materialization_event(dg.AssetKey("none")) is None


def test_calls_share_a_connection_per_storage_which_is_closed_afterwards(instance, opened, database):
    ask(instance)
    assert len(opened) >= 2 * CALLS
    opened.clear()
    with kept_open(instance):
        ask(instance)
        assert 0 < len(opened) <= 3
    with database.begin() as connection:
        wait_for(lambda: connection.execute(text(f"SELECT count(*) {OTHERS}")).scalar() == 0, seconds=20)
    ask(instance)


def test_a_connection_that_the_server_has_closed_is_replaced(instance, database):
    with kept_open(instance):
        ask(instance)
        with database.begin() as connection:
            assert connection.execute(text(f"SELECT count(pg_terminate_backend(pid)) {OTHERS}")).scalar() > 0
        ask(instance)


def test_an_instance_without_postgres_stays_as_it_is():
    with dg.DagsterInstance.ephemeral() as instance, kept_open(instance):
        ask(instance)
