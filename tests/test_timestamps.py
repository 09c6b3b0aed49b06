"""Times as people write them, by the clocks of a site: also on the days on which these are turned."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.timestamps import TimestampError, duration_of, timestamp_of


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-07-01T22:00", "Europe/Berlin", datetime(2026, 7, 1, 20, tzinfo=UTC)),
        ("2026-01-01T22:00", "Europe/Berlin", datetime(2026, 1, 1, 21, tzinfo=UTC)),
        ("2026-07-01T22:00", "America/St_Johns", datetime(2026, 7, 2, 0, 30, tzinfo=UTC)),
        ("2026-07-01T22:00Z", "Europe/Berlin", datetime(2026, 7, 1, 22, tzinfo=UTC)),
        ("2026-07-01T22:00+05:30", "Europe/Berlin", datetime(2026, 7, 1, 16, 30, tzinfo=UTC)),
        ("2026-07-01", "Asia/Tokyo", datetime(2026, 6, 30, 15, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_that_of_the_wall(text, zone, expected):
    assert timestamp_of(text, zone) == expected
    assert timestamp_of(text, zone).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-03-29T02:30", "never"),
        ("2026-10-25T02:30", "twice"),
        ("tomorrow", "not a valid timestamp"),
        ("", "not a valid timestamp"),
        ("2026-13-01", "not a valid timestamp"),
    ],
)
def test_a_time_that_is_none_or_two_is_refused(text, message):
    with pytest.raises(TimestampError, match=message):
        timestamp_of(text, "Europe/Berlin")


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)))  # noqa: DTZ001 - a wall time
def test_where_clocks_are_never_turned_every_time_is_one(moment):
    assert timestamp_of(moment.isoformat(), "Asia/Kolkata") == (moment - timedelta(hours=5.5)).replace(tzinfo=UTC)


def test_lengths_of_time_are_minutes_hours_or_days():
    assert [duration_of(text) for text in ("30m", "8h", "2d")] == [
        timedelta(minutes=30),
        timedelta(hours=8),
        timedelta(days=2),
    ]


@pytest.mark.parametrize("text", ["", "0h", "8", "-1h", "8 h", "1w", "99999999d"])
def test_anything_else_is_no_length(text):
    with pytest.raises(TimestampError, match="not a valid duration"):
        duration_of(text)
