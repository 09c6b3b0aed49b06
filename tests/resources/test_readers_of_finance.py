"""Readers of finance: a role sees the clients that it was granted, by views alone, and changes nothing."""

import re
import subprocess

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.pool import NullPool

from resources.database import Database, newest_revision
from resources.postgres.account import program

CLIENTS, MONTHS = 100, 24
CARDS = f"""
INSERT INTO scorecard_snapshots (month, as_of, recorded_upto, versions, made_at)
VALUES ('2026-10-01', now(), now(), '{{}}', now());
INSERT INTO scorecards (
    client_id, month, number, status, figures, digest, snapshot_id, reason, created_at, created_by, sent_at,
    sent_unsigned
)
SELECT
    'C' || c, DATE '2024-01-01' + make_interval(months => m), n, CASE n WHEN 2 THEN 'draft' ELSE 'sent' END, f,
    encode(sha256(convert_to(f, 'UTF8')), 'hex'), 1, CASE WHEN n > 0 THEN 'late' END, now(), 'job',
    CASE WHEN n < 2 THEN now() END, n < 2
FROM generate_series(1, {CLIENTS}) AS c, generate_series(0, {MONTHS - 1}) AS m, generate_series(0, 2) AS n,
    LATERAL (SELECT format('{{"measures":[{{"kpi":"sla","month":"2024-01","value":"%s.5"}}]}}', c) AS f) AS made
WHERE n = 0 OR m = 0;
SELECT sign_month('C' || c, '2024-02-01', 0, s.digest, 'ada', now(), '')
FROM generate_series(1, 3) AS c JOIN scorecards AS s ON s.client_id = 'C' || c AND s.month = '2024-02-01';
ANALYZE
"""
# As docs/finance.md says.
READERS = """
CREATE ROLE one_client LOGIN PASSWORD 'one' IN ROLE opsguard_finance;
CREATE ROLE no_client LOGIN PASSWORD 'none' IN ROLE opsguard_finance;
INSERT INTO finance_grants VALUES ('one_client', 'C1')
"""
VIEWS = ("scorecards", "measures", "signings", "clients")
# Looks at every row before any other condition, if it is let; it costs nothing by its own word.
LEAKY = """
CREATE FUNCTION pg_temp.looks(client text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN IF client <> 'C1' THEN RAISE EXCEPTION 'saw %', client; END IF; RETURN true; END $$
"""
REFUSED = (
    "UPDATE opsguard_finance.scorecards SET signed_by = 'eve'",
    "INSERT INTO opsguard_finance.signings SELECT * FROM opsguard_finance.signings",
    "DELETE FROM opsguard_finance.scorecards",
    "SELECT opsguard.sign_month('C1', '2024-01-01', 0, 'x', 'eve', now(), '')",
    "SELECT opsguard.finance_readers()",
    "SELECT * FROM opsguard.scorecards",
    "INSERT INTO opsguard.finance_grants VALUES ('one_client', 'C2')",
)


def ran(database, words):
    with database.begin() as connection:
        return connection.execute(text(words))


def as_user(database, user, password):
    address = make_url(database.url.get_secret_value()).set(drivername="postgresql+psycopg")
    return create_engine(address.set(username=user, password=password), poolclass=NullPool)


def as_admin(databases):
    address = make_url(databases.server).set(drivername="postgresql+psycopg")
    return create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")


@pytest.fixture(scope="module")
def world(databases):
    database = databases.migrated()
    ran(database, CARDS)
    ran(database, READERS)
    yield database
    databases.drop(database)
    with as_admin(databases).connect() as connection:
        connection.execute(text("DROP ROLE one_client, no_client"))


@pytest.fixture
def reader(world):
    with as_user(world, "one_client", "one").connect() as connection:
        yield connection


def read(connection, words):
    return connection.execute(text(words)).all()


def test_a_role_reads_its_client_and_no_other_and_no_draft(reader):
    for view in VIEWS:
        assert read(reader, f"SELECT DISTINCT client_id FROM opsguard_finance.{view}") == [("C1",)]
    assert read(reader, "SELECT number, count(*) FROM opsguard_finance.scorecards GROUP BY 1 ORDER BY 1") == [
        (0, MONTHS), (1, 1),
    ]  # fmt: skip
    newest = "SELECT count(*), sum(value) FROM opsguard_finance.measures WHERE is_newest"
    assert read(reader, newest) == [(MONTHS, MONTHS * 3 / 2)]
    assert read(reader, "SELECT months FROM opsguard_finance.clients") == [(MONTHS,)]


def test_a_role_without_a_grant_reads_nothing(world):
    with as_user(world, "no_client", "none").connect() as connection:
        assert [read(connection, f"SELECT * FROM opsguard_finance.{view}") for view in VIEWS] == [[], [], [], []]


def test_a_predicate_that_tells_what_it_sees_sees_own_rows_only(world, reader):
    read_all = "SELECT count(*) FROM {} WHERE pg_temp.looks(client_id)"
    reader.execute(text(LEAKY))
    assert read(reader, read_all.format("opsguard_finance.scorecards")) == [(MONTHS + 1,)]
    assert read(reader, read_all.format("opsguard_finance.signings")) == [(1,)]
    with world.begin() as owner:
        owner.execute(text(LEAKY))
        with pytest.raises(DBAPIError, match="saw C"):
            owner.execute(text(read_all.format("scorecards")))
        owner.rollback()


@pytest.mark.parametrize("words", REFUSED)
def test_a_role_changes_nothing_signs_nothing_and_reads_no_table(reader, words):
    with pytest.raises(ProgrammingError, match=r"permission denied"):
        reader.execute(text(words))


def test_the_clients_are_a_condition_of_the_index(reader):
    # Plans of a view are shown to those who may read it.
    plan = "\n".join(line for (line,) in read(reader, "EXPLAIN SELECT count(*) FROM opsguard_finance.scorecards"))
    assert re.search(r"Index Cond: \(client_id = ANY", plan), plan


def test_a_table_granted_by_mistake_shows_own_clients_too(world):
    with world.begin() as connection:
        connection.execute(text("GRANT USAGE ON SCHEMA opsguard TO opsguard_finance"))
        connection.execute(text("GRANT SELECT ON scorecards, finance_grants TO opsguard_finance"))
        connection.execute(text("SET LOCAL SESSION AUTHORIZATION one_client"))
        assert read(connection, "SELECT DISTINCT client_id FROM opsguard.scorecards") == [("C1",)]
        connection.rollback()
    assert ran(world, "SELECT count(DISTINCT client_id) FROM scorecards").scalar() == CLIENTS


def test_a_user_who_may_make_no_role_migrates_and_the_role_comes_later(databases):
    address = make_url(databases.empty())
    with as_admin(databases).connect() as connection:
        connection.execute(text("CREATE ROLE plain LOGIN PASSWORD 'plain'"))
        connection.execute(text(f"ALTER DATABASE {address.database} OWNER TO plain"))
        there = read(connection, "SELECT FROM pg_roles WHERE rolname = 'opsguard_finance'")
        if there:
            connection.execute(text("ALTER ROLE opsguard_finance RENAME TO renamed"))
        plain = address.set(username="plain", password="plain")
        database = Database(SecretStr(plain.render_as_string(hide_password=False)))
        try:
            database.migrate()
            assert database.revision() == newest_revision()
            assert ran(database, "SELECT finance_readers()").scalar() is False
        finally:
            connection.execute(text("ALTER ROLE renamed RENAME TO opsguard_finance" if there else "SELECT 1"))
        if not there:
            connection.execute(text("CREATE ROLE opsguard_finance NOLOGIN"))
        granted = "SELECT has_table_privilege('opsguard_finance', 'opsguard_finance.scorecards', 'SELECT')"
        assert ran(database, granted).scalar() is False
        assert [ran(database, "SELECT finance_readers()").scalar() for _ in range(2)] == [True, True]
        assert ran(database, granted).scalar() is True
        # The owner is no superuser: its own tables show it everything.
        ran(database, "INSERT INTO finance_grants VALUES ('somebody', 'C1')")
        assert ran(database, "SELECT count(*) FROM finance_grants").scalar() == 1
        databases.drop(database)
        connection.execute(text("DROP ROLE plain"))


def test_psql_shows_what_the_page_says(world):
    """The commands of docs/finance.md, as somebody types them: connection, views, figures of the newest statements."""
    address = make_url(world.url.get_secret_value()).set(drivername="postgresql", username="one_client", password="one")

    def said(words):
        command = [program("psql"), address.render_as_string(hide_password=False), "-AtX", "-c", words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    assert [row.split("|")[:2] for row in said("TABLE opsguard_finance.clients")] == [["C1", str(MONTHS)]]
    assert {row.split("|")[1] for row in said(r"\dv opsguard_finance.*")} == set(VIEWS)
    newest = "SELECT client_id, month, kpi, value FROM opsguard_finance.measures WHERE is_newest ORDER BY 1, 2, 3;"
    first, *others = said(newest)
    assert (first, len(others)) == ("C1|2024-01-01|sla|1.5", MONTHS - 1)
