"""The database is made ready once, by however many processes; locks end with their holder; passwords stay inside."""

import os
import signal
import time
import traceback

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from resources.database import DAGSTER, MLFLOW, STATE, Database, DatabaseError
from tests.long import long
from tests.resources.embedded import answer
from tests.resources.processes import finished, newest_migration, start, wait_for

MIGRATE = """
import os
from pydantic import SecretStr
from resources.database import Database
Database(SecretStr(os.environ["URL"])).migrate()
"""

HOLD_A_LOCK = """
import os, pathlib, sys, time
from pydantic import SecretStr
from resources.database import Database
pathlib.Path(sys.argv[2] + ".asks").touch()
with Database(SecretStr(os.environ["URL"])).lock(sys.argv[1]):
    pathlib.Path(sys.argv[2]).touch()
    time.sleep(float(sys.argv[3]))
"""


def schemas(database: Database) -> set[str]:
    with database.begin() as connection:
        return set(connection.execute(text("SELECT schema_name FROM information_schema.schemata")).scalars())


def test_an_empty_database_is_at_no_migration_and_a_migrated_one_at_the_newest(databases):
    database = Database(SecretStr(databases.empty()))
    assert database.revision() is None
    database.migrate()
    assert database.revision() == newest_migration()
    assert {STATE, DAGSTER, MLFLOW} <= schemas(database)


def test_migrating_again_changes_nothing(database):
    with database.begin() as connection:
        connection.execute(text("INSERT INTO lake_pins (table_name, version, reason) VALUES ('t', 1, 'kept')"))
    database.migrate()
    assert database.revision() == newest_migration()
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM lake_pins")).scalar() == 1


@long
def test_four_processes_that_start_together_on_an_empty_database_all_find_it_ready(databases):
    database_url = databases.empty()
    processes = [start(MIGRATE, URL=database_url) for _ in range(4)]
    for process in processes:
        finished(process)
    assert Database(SecretStr(database_url)).revision() == newest_migration()


def test_a_lock_excludes_other_processes_until_its_holder_is_killed(database_url, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    holder = start(HOLD_A_LOCK, "the lake", str(first), "600", URL=database_url)
    try:
        wait_for(first.exists)
        waiting = start(HOLD_A_LOCK, "the lake", str(second), "0", URL=database_url)
        wait_for(second.with_name("second.asks").exists)
        with pytest.raises(AssertionError):
            wait_for(second.exists, seconds=1)
        holder.send_signal(signal.SIGKILL)
        finished(waiting)
        assert second.exists()
    finally:
        holder.kill()
        holder.communicate()


def test_locks_of_different_names_do_not_wait_for_each_other(database, database_url, tmp_path):
    with database.lock("one"):
        finished(start(HOLD_A_LOCK, "another", str(tmp_path / "held"), "0", URL=database_url))


def test_a_transaction_that_fails_leaves_nothing(database):
    def insert_and_fail() -> None:
        with database.begin() as connection:
            connection.execute(text("INSERT INTO lake_pins (table_name, version, reason) VALUES ('t', 1, 'half')"))
            raise LookupError

    with pytest.raises(LookupError):
        insert_and_fail()
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM lake_pins")).scalar() == 0


def test_a_connection_stays_open_until_it_is_lost_and_is_then_replaced(database):
    def backend(database):
        with database.begin() as connection:
            return connection.execute(text("SELECT pg_backend_pid()")).scalar_one()

    first = backend(database)
    assert backend(Database(database.url)) == first
    answer(database.url.get_secret_value(), f"SELECT pg_terminate_backend({first})")
    time.sleep(0.2)
    assert backend(database) != first


def test_a_forked_process_opens_connections_of_its_own(database):
    with database.begin() as connection:
        mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    read, write = os.pipe()
    if os.fork() == 0:
        with database.begin() as connection:
            os.write(write, str(connection.execute(text("SELECT pg_backend_pid()")).scalar_one()).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        assert int(said.read()) != mine


@pytest.mark.parametrize("schema", [STATE, DAGSTER, MLFLOW])
@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_unqualified_names_live_in_the_schema_of_their_url(database, schema, driver):
    engine = create_engine(database.url_for(schema, driver=driver))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT current_schema()")).scalar() == schema
    engine.dispose()


def test_instants_come_back_in_utc_whatever_zone_the_server_has(database):
    with database.begin() as connection:
        connection.execute(text("ALTER DATABASE " + connection.engine.url.database + " SET timezone TO 'Etc/UTC'"))
    again = Database(database.url)
    again.engine.dispose()
    with again.begin() as connection:
        found = connection.execute(text("SELECT now()")).scalar_one()
    assert str(found.tzinfo) == "UTC"


def test_a_url_for_programs_keeps_user_password_and_options():
    database = Database(SecretStr("postgresql://ops:p%40ss@db.example:5433/opsguard?sslmode=require"))
    url = make_url(database.url_for(MLFLOW))
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "ops", "p@ss", "db.example", 5433, "opsguard",
    )  # fmt: skip
    assert url.query["sslmode"] == "require"
    assert url.query["options"] == f"-csearch_path={MLFLOW} -ctimezone=UTC"


def test_no_description_of_a_database_shows_its_password():
    database = Database(SecretStr("postgresql://ops:hunter2@127.0.0.1:1/opsguard"))
    assert "hunter2" not in f"{database!r} {database} {database.engine!r}"


def test_a_server_that_does_not_answer_is_named_with_a_remedy_and_without_its_password():
    database = Database(SecretStr("postgresql://ops:hunter2@127.0.0.1:1/opsguard"))
    with pytest.raises(
        DatabaseError, match=r"127\.0\.0\.1:1/opsguard did not answer: .*OPSGUARD_DATABASE_URL"
    ) as caught:
        database.migrate()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_lock_outlasts_a_server_that_ends_idle_transactions(database):
    with database.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar()
        connection.execute(text(f'ALTER DATABASE "{name}" SET idle_in_transaction_session_timeout = 50'))
    taken = text("SELECT pg_try_advisory_xact_lock(hashtextextended('long work', 0))")
    with database.lock("long work"):
        time.sleep(0.3)
        with database.begin() as other:
            assert other.execute(taken).scalar() is False, "the lock was lost before the work was done"
    with database.begin() as other:
        assert other.execute(taken).scalar() is True
