"""Rows of a real PostgreSQL: all of them first, then what is new since the cursor."""

import pytest
from sqlalchemy import create_engine, make_url, text

from opsguard_assets.config.sources import SqlSource
from opsguard_assets.intake.raw.received import SourceError
from tests.intake.receive.inboxes import FEED, Mailbox


@pytest.fixture
def rows(database_url):
    """A table of tickets; called with rows, it adds them."""
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))

    def add(*values):
        with engine.begin() as connection:
            for value in values:
                statement = (
                    "INSERT INTO jobs (id, cost, done, at, seen, meta) VALUES (:id, 1.10, true, "
                    "CAST(:at AS timestamptz), CAST(:at AS timestamp), '[1]')"
                )
                connection.execute(text(statement), value)

    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE jobs (id text PRIMARY KEY, cost numeric(10,2), done boolean, at timestamptz, "
                "seen timestamp, meta jsonb)"
            )
        )
    yield add
    engine.dispose()


@pytest.fixture
def sql(database_url):
    """Runs a statement as somebody else who works with the table."""

    def run(statement):
        engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    return run


def source(database_url, **more):
    url = make_url(database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return SqlSource.model_validate(
        {"name": "erp", "kind": "sql", "url": url, "table": "jobs", "cursor": "at", "feeds": [FEED], **more}
    )


def source_at(url):
    return SqlSource.model_validate({"name": "erp", "kind": "sql", "url": url, "table": "jobs", "feeds": [FEED]})


def at(hour, name):
    return {"id": name, "at": f"2025-01-01 {hour:02}:00:00+00"}


def test_rows_after_the_cursor_arrive_and_none_of_its_own_instant_is_lost(tmp_path, database_url, rows):
    mailbox = Mailbox(tmp_path)
    rows(at(10, "J1"), at(11, "J2"))
    assert mailbox.receive(source(database_url)).rows == 2
    rows(at(11, "J3"), at(12, "J4"), at(9, "too late for the cursor"))
    mailbox.receive(source(database_url))
    raw = mailbox.raw("erp")
    assert set(raw["id"]) == {"J1", "J2", "J3", "J4"}
    row = raw.filter(raw["id"] == "J1").row(0, named=True)
    assert (row["cost"], row["done"], row["seen"], row["meta"]) == ("1.10", True, "2025-01-01 10:00:00", "[1]")
    assert row["at"].isoformat() == "2025-01-01T10:00:00+00:00"


def test_a_row_at_the_newest_value_of_the_cursor_arrives_once_and_again_when_it_has_changed(
    tmp_path, database_url, rows, sql
):
    mailbox = Mailbox(tmp_path)
    rows(at(10, "J1"), at(11, "J2"), {"id": "without a value", "at": None})
    assert [mailbox.receive(source(database_url)).rows for _ in range(3)] == [3, 0, 0]
    sql("UPDATE jobs SET cost = 7 WHERE id = 'J2'")
    rows(at(11, "J3"))
    assert [mailbox.receive(source(database_url)).rows for _ in range(2)] == [2, 0]
    rows(at(12, "J4"))
    assert [mailbox.receive(source(database_url)).rows for _ in range(2)] == [1, 0]


def test_without_a_cursor_the_relation_arrives_when_anything_in_it_has_changed(tmp_path, database_url, rows, sql):
    mailbox = Mailbox(tmp_path)
    rows(at(10, "J1"), at(11, "J2"))
    plain = source(database_url, cursor=None)
    assert [mailbox.receive(plain).rows for _ in range(3)] == [2, 0, 0]
    sql("UPDATE jobs SET cost = 7 WHERE id = 'J1'")
    assert [mailbox.receive(plain).rows for _ in range(2)] == [2, 0]
    sql("DELETE FROM jobs WHERE id = 'J1'")
    assert [mailbox.receive(plain).rows for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "nothing"}, "there is no table or view nothing"),
        ({"cursor": "nothing"}, "nothing"),
        ({"url": "postgresql+psycopg://u:hunter2@127.0.0.1:1/x"}, "the database answered"),
        ({"url": "what is this"}, "is not a usable address"),
        ({"url": "oracle+nothing://x"}, "install the driver"),
    ],
)
def test_what_cannot_be_read_is_said_without_the_password(tmp_path, database_url, rows, change, message):
    with pytest.raises(SourceError, match=message) as error:
        Mailbox(tmp_path).receive(source(database_url, **change))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u:pa:ss@h:pa:s3cret/d", "no address with s3cret", "nosuch://u:s3cret@h/d"]
)
def test_an_address_that_cannot_be_used_says_so_without_its_secret(tmp_path, url):
    with pytest.raises(SourceError, match=r"Source erp: `url` is not") as refused:
        Mailbox(tmp_path).receive(source_at(url))
    assert "s3cret" not in str(refused.value)


def test_an_emptied_relation_is_no_complete_list_unless_it_never_held_anything(tmp_path, database_url, rows, sql):
    mailbox = Mailbox(tmp_path)
    lists = source(database_url, cursor=None, feeds=[{**FEED, "snapshot": True}])
    assert mailbox.receive(lists).rows == 0
    rows(at(10, "J1"), at(11, "J2"))
    assert mailbox.receive(lists).rows == 2
    sql("DELETE FROM jobs")
    for _ in range(2):
        with pytest.raises(SourceError, match="jobs holds no row"):
            mailbox.receive(lists)
    rows(at(12, "J3"))
    assert mailbox.receive(lists).rows == 1
