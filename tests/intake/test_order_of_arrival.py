"""Which state of a record counts does not depend on what was loaded together: the order of files and rows decides."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.accept.given import START, case, deliver, raw, source
from tests.intake.accept.given import TABLES as CASES_ALONE
from tests.long import long
from tests.properties import examples

HEADER = "n,vendor,created,due,completed,status"
DAYS = {
    "orders-2026-11-02.csv": ["D-1,VX,2026-11-01T08:00Z,2026-11-10T08:00Z,,open", "D-2,VX,2026-11-01T08:00Z,,,open"],
    "orders-2026-11-03.csv": [
        "D-1,VX,2026-11-01T08:00Z,2026-11-10T08:00Z,2026-11-03T08:00Z,done",
        "D-2,VX,2026-11-01T08:00Z,,,accepted",
    ],
    "orders-2026-11-04.csv": [
        "D-1,VX,2026-11-01T08:00Z,2026-11-10T08:00Z,2026-11-03T08:00Z,done",
        "D-2,VX,2026-11-01T08:00Z,,2026-11-04T09:00Z,done",
    ],
}
ORDERS = {
    "work_order_id": "n", "vendor_id": "vendor", "created_at": "created", "due_at": "due", "completed_at": "completed",
    "status": "status",
}  # fmt: skip


def daily_orders(folder: Path) -> FileSource:
    feeds = [{"table": "work_orders", "columns": ORDERS}]
    return FileSource.model_validate({"name": "daily", "kind": "files", "path": f"{folder}/in/*.csv", "feeds": feeds})


def write(folder: Path, name: str, rows: list[str], modified: float) -> None:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / name).write_text("\n".join([HEADER, *rows]) + "\n")
    os.utime(folder / "in" / name, (modified, modified))


def sync(folder: Path, orders: FileSource, number: int = 0) -> list[tuple[int, int, int]]:
    from opsguard_assets.intake.receiving.receive import receive

    lake = Lake(str(folder / "lake"))
    at = datetime.now(UTC) + timedelta(seconds=number)
    receive(orders, lake_uri=lake.uri, work_dir=folder / "work", loaded_at=at)
    return [(load.received, load.accepted, load.unchanged) for load in accept(lake, orders, TABLES)]


def statuses(folder: Path) -> dict[str, str]:
    rows = Lake(str(folder / "lake")).known(TABLES["work_orders"]).collect()
    return dict(rows.select("work_order_id", "status").iter_rows())


@pytest.mark.parametrize("newest_name_first", [False, True])
def test_of_daily_files_that_wait_together_the_newest_counts_whatever_they_are_called(tmp_path, newest_name_first):
    for day, (name, rows) in enumerate(DAYS.items()):
        write(tmp_path, f"{9 - day}-{name}" if newest_name_first else name, rows, 1_700_000_000 + day * 86_400)
    assert sync(tmp_path, daily_orders(tmp_path)) == [(6, 5, 1)]
    assert statuses(tmp_path) == {"D-1": "done", "D-2": "done"}
    done = Lake(str(tmp_path / "lake")).known(TABLES["work_orders"]).sort("work_order_id").collect()["completed_at"]
    assert done.to_list() == [datetime(2026, 11, 3, 8, tzinfo=UTC), datetime(2026, 11, 4, 9, tzinfo=UTC)]


def test_files_written_at_the_same_instant_follow_each_other_by_name(tmp_path):
    for name, rows in DAYS.items():
        write(tmp_path, name, rows, 1_700_000_000)
    sync(tmp_path, daily_orders(tmp_path))
    assert statuses(tmp_path) == {"D-1": "done", "D-2": "done"}


def test_loaded_one_a_day_the_same_files_end_in_the_same_rows(tmp_path):
    for day, (name, rows) in enumerate(DAYS.items()):
        write(tmp_path, name, rows, 1_700_000_000 + day * 86_400)
        sync(tmp_path, daily_orders(tmp_path), day)
    assert statuses(tmp_path) == {"D-1": "done", "D-2": "done"}
    assert sync(tmp_path, daily_orders(tmp_path), 4) == []


# (record, state, hour of the version, hour of knowledge): rows in the order in which a source gave them.
ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["new", "open", "closed"]), st.integers(0, 2)),
    min_size=1,
    max_size=12,
)
CUTS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=12, max_size=12)


def cut(rows: list[dict[str, object]], cuts: list[tuple[bool, bool]]) -> list[pl.DataFrame]:
    """The rows in order, over files (first of a pair: a new one begins here) and loads (second: a new one begins)."""
    parts: list[list[dict[str, object]]] = []
    places: list[tuple[int, int]] = []
    load, part = 1, 0
    for row, (new_file, new_load) in zip(rows, cuts, strict=False):
        if not parts or new_file or new_load:
            load, part = (load + 1, 0) if parts and new_load else (load, part + 1 if parts else 0)
            parts.append([])
            places.append((load, part))
        parts[-1].append(row)
    # The names of files are in the opposite order of their times.
    return [
        raw(rows, load=load, origin=f"{99 - part}.csv").with_columns(_part=pl.lit(part, pl.Int64))
        for rows, (load, part) in zip(parts, places, strict=True)
    ]


def loaded(folder: str, mapped: FileSource, parts: list[pl.DataFrame], batch_rows: int, table: str) -> Lake:
    lake = Lake(folder)
    for part in parts:
        deliver(lake, part)
    for told in accept(lake, mapped, {**CASES_ALONE, **TABLES}, batch_rows=batch_rows):
        assert told.received == told.accepted + told.rejected + told.unchanged
    assert lake.exists(f"tables/{table}")
    return lake


def moment(hour: int) -> str:
    return f"2025-03-01 {hour:02}:00"


@settings(max_examples=examples(25, quick=2), deadline=None)
@example(
    rows=[("a", "new", 0), ("a", "open", 0), ("a", "new", 0)],
    cuts=[(False, False), (False, False), (False, True)] * 4,
    batch_rows=1,
    known=False,
)
@given(rows=ROWS, cuts=CUTS, batch_rows=st.sampled_from([1, 2, 5, 100]), known=st.booleans())
def test_a_table_with_a_version_column_takes_the_last_of_equal_versions_however_they_were_loaded(
    rows, cuts, batch_rows, known
):
    more = {"known_at": "changed"} if known else {}
    mapped = source({"updated_at": "changed", **more})
    received = [case(name, state, "2025-01-01 10:00", changed=moment(hour)) for name, state, hour in rows]
    with TemporaryDirectory() as folder:
        lake = loaded(folder, mapped, cut(received, cuts), batch_rows, "cases")
        told = lake.known(CASES_ALONE["cases"]).select("case_id", "state").collect()
        seen = [(hour, lake.known(CASES_ALONE["cases"], START.replace(year=2025, month=3, hour=hour)).collect())
                for hour in range(3)]  # fmt: skip
    greatest = {name: max(h for n, _, h in rows if n == name) for name, _, _ in rows}
    assert dict(told.iter_rows()) == {name: state for name, state, hour in rows if hour == greatest[name]}
    for hour, then in seen if known else []:
        best: dict[str, tuple[int, str]] = {}
        for name, state, at in rows:
            if at <= hour and best.get(name, (-1, ""))[0] <= at:
                best[name] = (at, state)
        assert dict(then.select("case_id", "state").iter_rows()) == {name: state for name, (_, state) in best.items()}


@long
@settings(max_examples=examples(25, quick=2), deadline=None)
@given(rows=ROWS, cuts=CUTS, batch_rows=st.sampled_from([1, 2, 5, 100]), known=st.booleans())
def test_a_table_without_a_version_column_takes_the_last_row_however_the_rows_were_loaded(
    rows, cuts, batch_rows, known
):
    rows = sorted(rows, key=lambda row: row[2]) if known else rows
    more = {"known_at": "changed"} if known else {}
    columns = {"work_order_id": "number", "vendor_id": {"constant": "v"}, "created_at": "opened", "status": "state"}
    mapped = source().model_copy(update={"feeds": (), "name": "helpdesk"})
    mapped = FileSource.model_validate(
        {**mapped.model_dump(exclude={"feeds"}), "feeds": [{"table": "work_orders", "columns": {**columns, **more}}]}
    )
    received = [case(name, state, "2025-01-01 10:00", changed=moment(hour)) for name, state, hour in rows]
    with TemporaryDirectory() as folder:
        lake = loaded(folder, mapped, cut(received, cuts), batch_rows, "work_orders")
        orders = TABLES["work_orders"]
        told = lake.known(orders).select("work_order_id", "status").collect()
        seen = [lake.known(orders, START.replace(year=2025, month=3, hour=hour)).collect() for hour in range(3)]
    assert dict(told.iter_rows()) == {name: state for name, state, _ in rows}
    for hour, then in enumerate(seen) if known else []:
        known_by_then = {name: state for name, state, at in rows if at <= hour}
        assert dict(then.select("work_order_id", "status").iter_rows()) == known_by_then


def test_everything_delivered_again_is_unchanged_also_what_it_passed_through():
    rows = [case("a", state, changed=moment(1)) for state in ("new", "open", "closed")]
    for more in ({}, {"known_at": "changed"}):
        with TemporaryDirectory() as folder:
            lake = Lake(folder)
            mapped = source({"updated_at": "changed", **more})
            for load in (1, 2):
                deliver(lake, raw(rows, load=load))
            counts = [(told.accepted, told.unchanged) for told in accept(lake, mapped, CASES_ALONE)]
            assert counts == [(3, 0), (0, 3)]
            assert lake.known(CASES_ALONE["cases"]).collect()["state"].to_list() == ["closed"]


def test_a_lake_that_kept_no_order_of_arrival_goes_on(tmp_path):
    """Rows that an earlier version recorded came first, and can be superseded, repeated and read as before."""
    lake, table = Lake(str(tmp_path)), CASES_ALONE["cases"]
    mapped = source({"updated_at": "changed"})
    deliver(lake, raw([case("a", "new", changed=moment(1)), case("b", "new", changed=moment(1))], load=1))
    accept(lake, mapped, CASES_ALONE)
    without = lake.scan("tables/cases").collect().drop("_arrival")
    lake.replace("tables/cases", without, partition_by=["_slice"])
    old = lake.known(table).sort("case_id").collect()
    assert old["state"].to_list() == ["new", "new"]
    deliver(lake, raw([case("a", "open", changed=moment(1)), case("b", "new", changed=moment(1))], load=2))
    assert [(told.accepted, told.unchanged) for told in accept(lake, mapped, CASES_ALONE)] == [(1, 1)]
    assert lake.known(table).sort("case_id").collect()["state"].to_list() == ["open", "new"]
    assert len(lake.versions(table).collect()) == 3
    ended = lake.versions(table).filter(pl.col("superseded_at").is_not_null()).collect()
    assert ended["state"].to_list() == ["new"]
    assert_frame_equal(lake.known(table, old["known_at"][0]).sort("case_id").collect(), old)
