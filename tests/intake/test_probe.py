"""A glance tells whether something is new, and costs no reading."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, make_url, text

from opsguard_assets.config.sources import FileSource, SimulatorSource, SqlSource
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers.simulated import direct_sources, known_until, live_on
from opsguard_assets.intake.receiving.probe import new_files, new_rows, new_simulated

FEEDS = [{"table": "tickets", "same_names": True}]
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def files(folder):
    return FileSource.model_validate({"name": "in", "kind": "files", "path": str(folder), "feeds": FEEDS})


def test_a_new_and_a_changed_file_are_seen_once(tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n")
    first = new_files(files(tmp_path), None)
    assert first.has_new
    assert not new_files(files(tmp_path), first.cursor).has_new
    (tmp_path / "a.csv").write_text("id\n1\n2\n")
    assert new_files(files(tmp_path), first.cursor).has_new


def test_an_empty_folder_holds_nothing_new(tmp_path):
    assert not new_files(files(tmp_path), None).has_new


@pytest.fixture
def relation(database_url):
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE jobs (id int, at timestamptz)"))

    def add(number, at):
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO jobs VALUES (:id, :at)"), {"id": number, "at": at})

    yield add
    engine.dispose()


def sql(database_url, **more):
    url = make_url(database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return SqlSource.model_validate(
        {"name": "erp", "kind": "sql", "url": url, "table": "jobs", "cursor": "at", "feeds": FEEDS, **more}
    )


@pytest.mark.parametrize("cursor", ["at", None])
def test_a_new_row_is_seen_once_even_at_the_instant_of_the_last(database_url, relation, cursor):
    source = sql(database_url, cursor=cursor)
    relation(1, NOW)
    first = new_rows(source, None)
    assert first.has_new
    assert not new_rows(source, first.cursor).has_new
    relation(2, NOW)
    assert new_rows(source, first.cursor).has_new


def test_a_relation_that_cannot_be_read_says_why(database_url, relation):
    with pytest.raises(SourceError, match="no column 'nothing'"):
        new_rows(sql(database_url, cursor="nothing"), None)
    with pytest.raises(SourceError, match="jobless"):
        new_rows(sql(database_url, table="jobless"), None)


def twin(folder, **settings):
    small = {"sites": 3, "agents": 12, "tickets_per_day": 5, **settings}
    return SimulatorSource.model_validate(
        {"name": "twin", "kind": "simulator", "folder": str(folder), "settings": small}
    )


def test_the_simulated_provider_lives_on_every_quarter_of_an_hour(tmp_path):
    source = twin(tmp_path)
    assert new_simulated(source, None, now=NOW).has_new
    assert live_on(source, until=NOW) > 0
    assert known_until(source) == NOW
    soon = new_simulated(source, None, now=NOW + timedelta(minutes=5))
    assert not soon.has_new
    later = new_simulated(source, soon.cursor, now=NOW + timedelta(minutes=16))
    assert later.has_new
    assert not new_simulated(source, later.cursor, now=NOW + timedelta(minutes=17)).has_new


def test_a_simulator_stands_for_one_file_source_per_table(tmp_path):
    source = twin(tmp_path)
    live_on(source, until=NOW)
    sources = {direct.name: direct for direct in direct_sources([source])}
    assert new_files(sources["twin_tickets"], None).has_new
    assert sources["twin_tickets"].feeds[0].sequence == "sequence"


def test_a_setting_that_the_simulator_does_not_have_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"settings\.colour"):
        live_on(twin(tmp_path, colour="red"), until=NOW)
