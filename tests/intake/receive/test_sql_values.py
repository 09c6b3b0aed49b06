"""Values of databases that no driver can give to Python, and cursors of every type whose newest value is shared."""

import sqlite3

import pytest
from sqlalchemy import create_engine, make_url

from opsguard_assets.config.sources import SqlSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.receiving.probe import new_rows
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.receive.inboxes import FEED, Mailbox
from tests.long import chosen, crossed

SOUND = {
    "client": "'acme'",
    "priority": "'high'",
    "status": "'open'",
    "opened": "timestamptz '2025-01-01 10:00+00'",
    "closed": "null::timestamptz",
    "updated": "timestamptz '2025-01-01 11:00+00'",
    "title": "'x'",
}
# Beside the mapped columns: each odd value, in a column of its own type.
ODD = {
    "later": "timestamptz 'infinity'",
    "before": "timestamp '-infinity'",
    "ancient": "timestamptz '4000-01-01 BC'",
    "far": "timestamp '200000-01-01'",
    "day": "date 'infinity'",
    "roman": "date '0044-03-15 BC'",
    "midnight": "time '24:00'",
    "zoned": "timetz '24:00+02'",
    "unknown": "'NaN'::numeric",
    "endless": "'-Infinity'::float8",
    "big": "1e300::numeric",
    "bytes": "'\\xff00'::bytea",
    "span": "'[1,5)'::int4range",
    "days": "daterange('-infinity', '2025-01-01')",
    "list": "array['a', 'b']",
    "moments": "array[timestamptz 'infinity']",
    "took": "interval '178000000 years'",
    "cost": "money '1'",
    "spot": "point(1, 2)",
    "net": "cidr '10.0.0.0/8'",
    "doc": "'{\"a\": [1, null]}'::jsonb",
    "bits": "b'101'",
}


def view(*rows):
    return "create view jobs as " + " union all ".join(
        "select " + ", ".join(f"{value} as {name}" for name, value in row.items()) for row in rows
    )


def ticket(number, **changes):
    return {"id": f"'{number}'", **SOUND, **changes}


@pytest.fixture
def sql(database_url):
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))

    def run(*statements):
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    yield run
    engine.dispose()


@pytest.fixture
def desk(tmp_path, database_url):
    url = make_url(database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return Desk(tmp_path, url)


class Desk:
    """A database as a source of tickets: `load` receives and accepts."""

    def __init__(self, home, url):
        self.mailbox, self.url = Mailbox(home), url
        self.lake = Lake(self.mailbox.lake_uri)

    def source(self, **more):
        return SqlSource.model_validate(
            {"name": "desk", "kind": "sql", "url": self.url, "table": "jobs", "feeds": [FEED], **more}
        )

    def load(self, **more):
        source = self.source(**more)
        self.mailbox.receive(source)
        return [(load.accepted, load.rejected) for load in accept(self.lake, source, TABLES)]

    def rejected(self):
        return self.lake.scan("quarantine/tickets").select("rule", "value").collect().rows()


def test_every_odd_value_beside_the_mapped_columns_arrives_as_text_and_its_row_is_accepted(desk, sql):
    nothing = {name: f"case when false then {value} end" for name, value in ODD.items()}
    sql(
        view(
            *[ticket(f"T{i}", **{**nothing, name: ODD[name]}) for i, name in enumerate(ODD)], ticket("good", **nothing)
        )
    )
    assert desk.load() == [(len(ODD) + 1, 0)]
    raw = desk.mailbox.raw("desk")
    row = {name: value for name in raw.columns for value in raw[name].drop_nulls().to_list()[:1]}
    assert row["later__v_text"] == "infinity"
    assert row["ancient__v_text"] == "4000-01-01 00:00:00+00 BC"
    assert (row["before"], row["midnight"], row["unknown"], row["bytes"]) == ("-infinity", "24:00:00", "NaN", "ff00")
    assert (row["list"], row["moments"], row["doc"]) == ('["a","b"]', '["infinity"]', '{"a": [1, null]}')


@pytest.mark.parametrize(
    ("column", "value"),
    crossed(["opened", "updated", "closed"], ["infinity", "-infinity", "4000-01-01 BC", "200000-01-01"]),
)
def test_an_odd_value_in_a_mapped_column_rejects_its_row_alone_and_the_source_goes_on(desk, sql, column, value):
    sql(view(ticket("T1"), ticket("T2", **{column: f"timestamptz '{value}'"}), ticket("T3")))
    assert desk.load() == [(2, 1)]
    ((rule, found),) = desk.rejected()
    assert rule.startswith(f"{column}_at: ")
    assert found.startswith(value[:8])
    sql("drop view jobs", view(ticket("T1"), ticket("T4")))
    assert desk.load() == [(1, 0)]


def test_columns_that_change_their_type_between_loads_stop_nothing(desk, sql):
    sql(view(ticket("1")))
    assert desk.load() == [(1, 0)]
    for number, changes in enumerate(
        [
            {"id": "2", "title": "42"},
            {"id": "'[3]'::jsonb", "title": "array[1, 2]"},
            {"id": "4.5::numeric", "title": "'NaN'::numeric"},
            {"opened": "'2025-01-01 10:00'", "updated": "'2025-01-01 11:00'", "title": "'\\xff'::bytea"},
            {"opened": "date '2025-01-01'", "title": "true"},
        ],
        start=2,
    ):
        sql("drop view jobs", view(ticket(f"T{number}", **changes)))
        assert desk.load() == [(1, 0)]


# Type, three growing values, and a value that time cannot pass.
CURSORS = [
    ("timestamptz", "'2022-01-02+02'", "'2022-01-03 10:00+02'", "'2022-01-04+00'", "'infinity'"),
    ("double precision", "0.1", "0.30000000000000004", "3", "'Infinity'"),
    ("text", "'a'", "'b'", "'c'", None),
    ("integer", "1", "2", "3", None),
    ("numeric", "1.10", "2.2500", "3", "'NaN'"),
    ("date", "'2022-01-02'", "'2022-01-03'", "'2022-01-04'", "'infinity'"),
    ("timestamp", "'2022-01-02'", "'2022-01-03 00:00:00.000001'", "'2022-01-04'", "'2999-01-01'"),
    ("uuid", *(f"'00000000-0000-0000-0000-00000000000{i}'" for i in (1, 2, 3)), None),
]


@pytest.mark.parametrize(("dtype", "first", "newest", "later", "endless"), chosen(CURSORS), ids=[c[0] for c in CURSORS])
def test_rows_added_or_changed_at_the_newest_value_arrive_once(desk, sql, dtype, first, newest, later, endless):
    if dtype == "uuid":
        sql(
            "create function bigger(uuid, uuid) returns uuid language sql immutable as 'select greatest($1, $2)'",
            "create aggregate max(uuid) (sfunc = bigger, stype = uuid)",
        )
    sql(f"create table jobs (id text, title text, at {dtype})")

    def add(number, value, title="x"):
        sql(f"insert into jobs values ('{number}', '{title}', {value})")

    def arrived():
        return desk.mailbox.receive(desk.source(cursor="at")).rows

    add("A", first), add("B", newest), add("without", "null")
    assert [arrived(), arrived()] == [3, 0]
    add("C", newest)
    sql("update jobs set title = 'changed' where id = 'B'")
    assert [arrived(), arrived()] == [2, 0]
    if endless:
        add("endless", endless)
        assert [arrived(), arrived()] == [1, 0]
    add("D", later), add("also without", "null")
    assert [arrived(), arrived()] == [2, 0]
    assert sorted(desk.mailbox.raw("desk")["id"]) == sorted(
        ["A", "B", "B", "C", "D", "also without", "without", *(["endless"] if endless else [])]
    )


@pytest.fixture
def lite(tmp_path):
    path = tmp_path / "odd folder" / "jobs.db"
    path.parent.mkdir()
    return path, Desk(tmp_path, f"sqlite:///{path}")


LITE_CURSORS = [
    ("datetime", "2022-01-02 00:00:00", "2022-01-03 00:00:00", "2022-01-04 00:00:00", "9999-12-31 00:00:00"),
    ("timestamp", "2022-01-02T00:00:00Z", "2022-01-03T00:00:00.5Z", "2022-01-04T00:00:00Z", "2999-01-01T00:00:00Z"),
    ("date", "2022-01-02", "2022-01-03", "2022-01-04", "2999-01-01"),
    ("text", "a", "b", "c", b"\xff"),
    ("integer", 1, 2, 3, "a word"),
    ("real", 0.1, 0.30000000000000004, 3.5, float("inf")),
    ("numeric(10,2)", 1, 2.25, 3, "a word"),
]


@pytest.mark.parametrize(
    ("dtype", "first", "newest", "later", "endless"), chosen(LITE_CURSORS), ids=[c[0] for c in LITE_CURSORS]
)
def test_a_cursor_of_sqlite_is_compared_as_it_is_stored(lite, dtype, first, newest, later, endless):
    path, desk = lite
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"create table jobs (id text, title text, at {dtype})")

    def add(*rows):
        connection.executemany("insert into jobs values (?, 'x', ?)", rows)

    def arrived():
        return desk.mailbox.receive(desk.source(cursor="at")).rows

    add(("A", first), ("B", newest), ("without", None))
    assert [arrived(), arrived()] == [3, 0]
    add(("C", newest))
    connection.execute("update jobs set title = 'changed' where id = 'B'")
    assert [arrived(), arrived()] == [2, 0]
    add(("endless", endless))
    assert [arrived(), arrived()] == [1, 0]
    add(("D", later))
    assert [arrived(), arrived()] == [1, 0]
    connection.close()


def test_any_type_in_any_column_of_sqlite_arrives_and_text_that_is_not_utf8_is_set_apart(lite):
    path, desk = lite
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(
        "create table jobs (id text, client text, priority text, status text, opened datetime, closed datetime, "
        "updated datetime, title text, count integer, share real, is_open boolean, day date, cost decimal(5,2))"
    )
    sound = ["acme", "high", "open", "2025-01-01 10:00", None, "2025-01-01 11:00", "x", 1, 0.5, True, "2025-01-01", 1.1]
    odd = {
        8: ["many", 2**62, 1.5, b"\xff"],
        9: ["half", float("inf"), b""],
        10: ["maybe", 17],
        11: ["soon", 5, "99999-01-01"],
        12: ["free", 1e300],
        5: [7, "soon", "9999999-01-01 00:00"],
        3: [b"\x00"],
    }
    rows = [["good", *sound]]
    for place, values in odd.items():
        for number, value in enumerate(values):
            row = [f"T{place}-{number}", *sound]
            row[place] = value
            rows.append(row)
    connection.executemany(f"insert into jobs values ({', '.join('?' * 13)})", rows)
    connection.execute("update jobs set title = cast(x'4be46c7465' as text) where id = 'T8-0'")
    assert desk.load() == [(len(rows) - 5, 5)]
    assert ("title: wrong encoding: the text is not UTF-8 (K\\xe4lte)",) in {row[:1] for row in desk.rejected()}
    connection.execute("delete from jobs")
    connection.execute(f"insert into jobs values ({', '.join('?' * 13)})", ["later", *sound])
    assert desk.load() == [(1, 0)]
    connection.close()


def test_a_session_of_the_database_that_writes_dates_its_own_way_changes_nothing(desk, sql, database_url):
    name = make_url(database_url).database
    sql(f"alter database {name} set datestyle to 'SQL, DMY'", f"alter database {name} set timezone to 'Asia/Tokyo'")
    sql(view(ticket("T1", opened="timestamptz '2025-02-03 10:00+00'", updated="timestamptz '2025-02-04 10:00+00'")))
    assert desk.load() == [(1, 0)]
    opened = desk.lake.known(TABLES["tickets"]).select("opened_at").collect().item()
    assert opened.isoformat() == "2025-02-03T10:00:00+00:00"


def test_a_glance_passes_over_values_that_time_cannot_pass(desk, sql):
    sql("create table jobs (id text, at timestamptz)")
    sql("insert into jobs values ('A', '2022-01-02+00'), ('B', 'infinity'), ('C', '4000-01-01 BC'), ('D', null)")
    source = desk.source(cursor="at")
    seen = new_rows(source, None)
    assert seen.what == "3 rows at 2022-01-02 00:00:00+00"
    assert not new_rows(source, seen.cursor).has_new
    sql("insert into jobs values ('E', '2022-01-03+00')")
    assert new_rows(source, seen.cursor).has_new
