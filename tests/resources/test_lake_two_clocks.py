"""What was known at an instant can be read from a table, and later arrivals never change it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.tables.table import Table
from resources.lake import Lake, LakeError
from tests.properties import examples

START = datetime(2025, 1, 1, tzinfo=UTC)


class _Case(dy.Schema):
    case_id = dy.String()
    state = dy.String()
    note = dy.String(nullable=True)
    updated_at = dy.Datetime(time_zone="UTC")
    known_at = dy.Datetime(time_zone="UTC")


class _Thing(dy.Schema):
    thing_id = dy.String()
    colour = dy.String(nullable=True)
    known_at = dy.Datetime(time_zone="UTC")


CASES = Table(
    name="cases", room="tests", schema=_Case, key=("case_id",), version="updated_at",
    is_live=pl.col("state") != "closed",
)  # fmt: skip
THINGS = Table(name="things", room="tests", schema=_Thing, key=("thing_id",))


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


changes = st.lists(
    st.fixed_dictionaries(
        {
            "case_id": st.sampled_from("abc"),
            "state": st.sampled_from(["open", "waiting", "closed"]),
            "note": st.none(),
            "updated_at": st.integers(0, 12).map(hour),
            "delay": st.integers(0, 5),
        }
    ),
    min_size=1,
    max_size=12,
)


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    data = [
        {k: v for k, v in row.items() if k != "delay"} | {"known_at": row["updated_at"] + timedelta(hours=row["delay"])}
        for row in rows
    ]
    # A source never shows two states of one case with the same instant; that would be a conflict, not a history.
    return pl.DataFrame(data, schema=CASES.dtypes).unique(["case_id", "updated_at"], keep="first", maintain_order=True)


def known_by_hand(rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The slow, obvious answer: per case the greatest updated_at among the rows known by then."""
    best: dict[str, dict[str, object]] = {}
    for row in rows.to_dicts():
        if row["known_at"] <= as_of and (
            row["case_id"] not in best or best[row["case_id"]]["updated_at"] < row["updated_at"]
        ):
            best[row["case_id"]] = row
    return pl.DataFrame(list(best.values()), schema=CASES.dtypes).sort("case_id")


@settings(max_examples=examples(25), deadline=None)
@given(rows=changes, cuts=st.lists(st.integers(0, 12), max_size=3), order=st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_deliveries_gives_the_same_knowledge_at_every_instant(rows, cuts, order):
    facts = frame(rows)
    order.shuffle(deliveries := [facts[i : i + 3] for i in range(0, len(facts), 3)])
    with TemporaryDirectory() as folder:
        lake = Lake(folder)
        for number, part in enumerate([*deliveries, *deliveries[:1]]):
            recorded = lake.record(CASES, part, loaded_at=hour(100 + number))
            assert recorded.received == recorded.accepted + recorded.unchanged
        for as_of in [hour(17), *map(hour, cuts)]:
            expected = known_by_hand(facts, as_of)
            assert_frame_equal(lake.known(CASES, as_of).collect().sort("case_id"), expected)
            live = lake.known(CASES, as_of, live_only=True).collect().sort("case_id")
            assert_frame_equal(live, expected.filter(pl.col("state") != "closed"))


@settings(max_examples=examples(15), deadline=None)
@given(before=changes, after=changes)
def test_what_arrives_later_never_changes_what_was_known_earlier(before, after):
    with TemporaryDirectory() as folder:
        lake = Lake(folder)
        lake.record(CASES, frame(before), loaded_at=hour(100))
        seen = lake.known(CASES, hour(17)).collect().sort("case_id")
        late = frame(after).with_columns(known_at=pl.lit(hour(18), pl.Datetime("us", "UTC")))
        lake.record(CASES, late, loaded_at=hour(101))
        assert_frame_equal(lake.known(CASES, hour(17)).collect().sort("case_id"), seen)


def things(colour: str, at: float) -> pl.DataFrame:
    return pl.DataFrame([{"thing_id": "t", "colour": colour, "known_at": hour(at)}], schema=THINGS.dtypes)


def test_a_table_without_a_version_column_believes_the_last_word_and_can_return_to_an_old_one(tmp_path: Path):
    lake = Lake(str(tmp_path))
    accepted = [
        lake.record(THINGS, things(colour, at), loaded_at=hour(at)).accepted
        for at, colour in enumerate(["red", "red", "blue", "red"])
    ]
    assert accepted == [1, 0, 1, 1]
    assert [lake.known(THINGS, hour(at)).collect()["colour"].item() for at in (0.5, 1.5, 2.5, 3.5)] == [
        "red", "red", "blue", "red",
    ]  # fmt: skip


def test_a_table_that_was_never_recorded_reads_as_empty_in_contract_columns(tmp_path: Path):
    assert Lake(str(tmp_path)).known(CASES, START).collect().schema == CASES.dtypes


def test_a_withdrawn_row_is_gone_from_now_on_and_still_known_before(tmp_path: Path):
    lake = Lake(str(tmp_path))
    lake.record(THINGS, things("red", 0), loaded_at=hour(0))
    lake.record(THINGS, things("red", 1).with_columns(_is_withdrawn=True), loaded_at=hour(1))
    assert lake.known(THINGS).collect().is_empty()
    assert lake.known(THINGS, hour(0.5)).collect()["colour"].to_list() == ["red"]


def test_history_that_was_imported_is_told_from_what_was_loaded_in_time(tmp_path: Path):
    lake = Lake(str(tmp_path))
    lake.record(THINGS, things("red", 0), loaded_at=hour(5))
    assert lake.has_hindsight(THINGS, hour(3))
    assert not lake.has_hindsight(THINGS, hour(5))


@settings(max_examples=examples(25), deadline=None)
@given(loads=st.lists(changes, min_size=1, max_size=4), until=st.integers(0, 3), as_of=st.integers(0, 17))
def test_the_lake_as_recorded_by_an_instant_is_the_lake_of_that_instant(loads, until, as_of):
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        then, now = Lake(one), Lake(other)
        for number, rows in enumerate(loads):
            now.record(CASES, frame(rows), loaded_at=hour(100 + number))
            if number <= until:
                then.record(CASES, frame(rows), loaded_at=hour(100 + number))
        past = now.as_recorded(hour(100 + until))
        order = ["case_id", "updated_at", "state", "known_at"]
        for live in (False, True):
            seen = [lake.known(CASES, hour(as_of), live_only=live).collect().sort(order) for lake in (past, then)]
            assert_frame_equal(*seen)
        assert_frame_equal(*(lake.known(CASES).collect().sort(order) for lake in (past, then)))
        assert_frame_equal(*(lake.versions(CASES).collect().sort(order) for lake in (past, then)))


def test_a_lake_of_the_past_is_only_read(tmp_path: Path):
    with pytest.raises(LakeError, match="only read"):
        Lake(str(tmp_path)).as_recorded(hour(1)).record(THINGS, things("red", 0), loaded_at=hour(5))


def test_a_snapshot_shows_derived_tables_in_their_versions_and_is_only_read(tmp_path: Path):
    lake = Lake(str(tmp_path))
    lake.replace("sums", pl.DataFrame({"n": [1]}))
    lake.record(THINGS, things("red", 0), loaded_at=hour(1))
    then = lake.at({"sums": lake.version("sums")}, hour(1))
    lake.replace("sums", pl.DataFrame({"n": [2]}))
    lake.replace("later", pl.DataFrame({"n": [3]}))
    lake.record(THINGS, things("blue", 2), loaded_at=hour(3))
    assert lake.scan("sums").collect()["n"].to_list() == [2]
    assert then.scan("sums").collect()["n"].to_list() == [1]
    assert not then.exists("later")
    assert then.known(THINGS).collect()["colour"].to_list() == ["red"]
    assert (then.newest_row(THINGS), lake.newest_row(THINGS)) == (hour(0), hour(2))
    with pytest.raises(LakeError, match="only read"):
        then.replace("sums", pl.DataFrame({"n": [4]}))


class _SizedThing(_Thing):
    sizes = dy.List(dy.String(), nullable=True)


def test_a_lake_that_was_written_before_the_contract_got_a_column_goes_on(tmp_path: Path):
    lake = Lake(str(tmp_path))
    wider = Table(name="things", room="tests", schema=_SizedThing, key=("thing_id",))
    old = pl.DataFrame({"thing_id": ["a", "b"], "colour": ["red", "blue"], "known_at": [hour(1)] * 2})
    lake.record(THINGS, old.cast(dict(THINGS.dtypes)), loaded_at=hour(1))
    assert lake.known(wider).collect()["sizes"].to_list() == [None, None]
    new = pl.DataFrame({"thing_id": ["a"], "colour": ["red"], "sizes": [["L"]], "known_at": [hour(2)]})
    lake.record(wider, new.cast(dict(wider.dtypes)), loaded_at=hour(2))
    now = lake.known(wider).sort("thing_id").collect()
    assert now["sizes"].to_list() == [["L"], None]
    assert lake.known(wider, hour(1)).collect()["sizes"].to_list() == [None, None]
    assert_frame_equal(
        lake.as_recorded(hour(1)).known(wider).collect(), lake.known(wider, hour(1)).collect(), check_row_order=False
    )
    # A process of the version before reads the same table.
    assert sorted(lake.known(THINGS).collect()["colour"]) == ["blue", "red"]
