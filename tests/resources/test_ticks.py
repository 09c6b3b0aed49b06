"""A computed moment is recorded once with its digest; equal digests mean equal rows."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.ticks import Tick, digest_of, last_ticks, record_tick
from tests.properties import examples

AS_OF = datetime(2025, 3, 1, 12, tzinfo=UTC)
ROWS = pl.DataFrame({
    "ticket_id": ["a", "b", "c"],
    "risk": [0.1, None, 0.3],
    "as_of": [AS_OF] * 3,
})  # fmt: skip


def test_the_newest_moment_of_every_job_is_told(database):
    for minutes in (15, 0, 30):
        record_tick(database, Tick("score", AS_OF + timedelta(minutes=minutes), 7, "d"))
    record_tick(database, Tick("watch", AS_OF, 1, "e", model_name="rule", model_version="3"))
    assert last_ticks(database) == [
        Tick("score", AS_OF + timedelta(minutes=30), 7, "d"),
        Tick("watch", AS_OF, 1, "e", model_name="rule", model_version="3"),
    ]


def test_a_database_without_ticks_tells_none(database):
    assert last_ticks(database) == []


def test_computing_a_moment_again_replaces_its_record(database):
    record_tick(database, Tick("score", AS_OF, 7, "before", model_name="rule", model_version="1"))
    record_tick(database, Tick("score", AS_OF, 8, "after"))
    assert last_ticks(database) == [Tick("score", AS_OF, 8, "after")]


def test_an_instant_comes_back_as_the_same_instant_from_any_zone(database):
    record_tick(database, Tick("score", AS_OF.astimezone(tz=None), 0, ""))
    assert last_ticks(database)[0].as_of == AS_OF


def test_a_hostile_name_is_data(database):
    name = "x'; DROP TABLE ticks; --"
    record_tick(database, Tick(name, AS_OF, 0, "d"))
    assert [tick.job for tick in last_ticks(database)] == [name]


@settings(max_examples=examples(30), deadline=None)
@given(order=st.permutations(range(3)), columns=st.permutations(ROWS.columns))
def test_a_digest_does_not_depend_on_the_order_of_rows_and_columns(order, columns):
    assert digest_of(ROWS[order].select(columns), key=["ticket_id"]) == digest_of(ROWS, key=["ticket_id"])


@pytest.mark.parametrize(
    "change",
    [
        pl.lit(0.1).alias("risk"),
        pl.lit(None, pl.Float64).alias("risk"),
        pl.col("risk").fill_null(0.0),
        pl.col("risk") + 1e-15,
        pl.col("as_of") + pl.duration(microseconds=1),
        pl.lit(value=True).alias("breached"),
    ],
    ids=str,
)
def test_a_digest_changes_with_any_value(change):
    assert digest_of(ROWS.with_columns(change), key=["ticket_id"]) != digest_of(ROWS, key=["ticket_id"])


def test_a_digest_tells_an_unknown_text_from_an_empty_one():
    unknown = pl.DataFrame({"ticket_id": ["a"], "why": [None]}, schema_overrides={"why": pl.String})
    empty = pl.DataFrame({"ticket_id": ["a"], "why": [""]})
    assert digest_of(unknown, key=["ticket_id"]) != digest_of(empty, key=["ticket_id"])
