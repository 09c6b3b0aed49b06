"""Moments lie in the lives that they look at, and say nothing of how these end."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.features.moments import ProtocolError, moments_of, sampled

START = datetime(2026, 1, 1, 10, 7, tzinfo=UTC)


def lives(*hours):
    return pl.DataFrame(
        {
            "id": [str(i) for i in range(len(hours))],
            "begins_at": [START] * len(hours),
            "ends_at": [START + timedelta(hours=h) for h in hours],
        },
        schema_overrides={"begins_at": pl.Datetime("us", "UTC"), "ends_at": pl.Datetime("us", "UTC")},
    )


def test_the_opening_is_the_beginning_of_every_life():
    assert moments_of(lives(1, 5), "opening", key="id")["as_of"].to_list() == [START] * 2


def test_so_long_after_the_beginning_only_those_that_still_live():
    found = moments_of(lives(1, 24, 25), "+24h", key="id")
    assert found.rows() == [("2", START + timedelta(hours=24))]


def test_every_quarter_of_an_hour_is_a_full_one_within_the_life():
    found = moments_of(lives(0.1, 1), "every:15m", key="id")
    assert [(i, at.strftime("%H:%M")) for i, at in found.rows()] == [
        ("1", "10:15"), ("1", "10:30"), ("1", "10:45"), ("1", "11:00"),
    ]  # fmt: skip


def test_half_of_the_time_to_the_deadline_as_known_at_the_beginning():
    due = [START + timedelta(hours=h) if h else None for h in (10, 10, None, -1)]
    known = lives(4, 6, 6, 6).with_columns(due_at=pl.Series(due, dtype=pl.Datetime("us", "UTC")))
    assert moments_of(known, "elapsed:0.5", key="id").rows() == [("1", START + timedelta(hours=5))]
    assert len(moments_of(known, "elapsed:.25", key="id")) == 2


@pytest.mark.parametrize("text", ["closing", "+24", "every:15", "every:x", "elapsed:1.5", "elapsed:50", ""])
def test_an_unknown_protocol_names_those_that_there_are(text):
    with pytest.raises(ProtocolError, match=r"opening, \+24h, elapsed:0.5 or every:15m"):
        moments_of(lives(1), text, key="id")


def test_ages_are_drawn_alike_for_short_and_long_lives():
    many = lives(*[10] * 2_000, *[1_000] * 2_000)
    drawn = sampled(many, key="id", per_entity=6, longest=timedelta(days=14), seed=3)
    age = drawn.with_columns(
        hours=(pl.col("as_of") - START).dt.total_seconds() / 3600, short=pl.col("id").cast(pl.Int64) < 2_000
    )
    young = (
        age.filter((pl.col("hours") > 0) & (pl.col("hours") < 9)).group_by("short").len().sort("short")["len"].to_list()
    )
    assert young[0] == pytest.approx(young[1], rel=0.05)
    assert age.filter("short")["hours"].max() < 10
    assert sampled(many, key="id", per_entity=6, longest=timedelta(days=14), seed=3).equals(drawn)
