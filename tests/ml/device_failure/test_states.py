"""Streams of devices go on from their last rows as if the history were there, and know nothing of later."""

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.problems.device_failure.states import channel_states, device_states
from tests.ml.device_failure.fleets import HOUR, START, hourly, random_hourly, up

CUT = START + 60 * HOUR


def parts(rows):
    """What was known by the cut; what came later, with the versions that it replaces."""
    known = pl.col("known_at") <= CUT
    before, later = rows.filter(known), rows.filter(~known)
    replaced = before.join(later.select("device_id", "hour_at").unique(), on=["device_id", "hour_at"], how="semi")
    return before, pl.concat([later, replaced])


@pytest.mark.parametrize("seed", range(4))
def test_a_stream_that_goes_on_from_its_last_rows_equals_the_whole_one_to_the_digit(seed):
    rows = random_hourly(seed)
    before, later = parts(rows)
    first = device_states(before)
    rest = device_states(later, first.group_by("device_id", maintain_order=True).last())
    whole = pl.concat([first, rest]).sort("device_id", "at")
    assert_frame_equal(device_states(rows), whole, check_exact=True)


@pytest.mark.parametrize("seed", range(4))
def test_a_stream_of_channels_goes_on_likewise(seed):
    rows, by = random_hourly(seed), ["device_id", "channel"]
    before, later = parts(rows)
    first = channel_states(before)
    rest = channel_states(later, first.group_by(by, maintain_order=True).last())
    whole = pl.concat([first, rest]).sort(*by, "at")
    assert_frame_equal(channel_states(rows).sort(*by, "at"), whole, check_exact=True)


@pytest.mark.parametrize("seed", range(3))
def test_what_becomes_known_later_changes_no_earlier_row(seed):
    rows = random_hourly(seed)
    earlier = pl.col("at") <= CUT
    cut = rows.filter(pl.col("known_at") <= CUT)
    assert_frame_equal(device_states(rows).filter(earlier), device_states(cut), check_exact=True)
    order = ["device_id", "channel", "at"]
    assert_frame_equal(channel_states(rows).filter(earlier).sort(order), channel_states(cut).sort(order))


def test_a_silence_of_half_a_day_is_half_of_the_time_once_something_is_heard_again():
    rows = device_states(hourly(up("a", [*range(12), 23])))
    assert rows["offline_share"][1:12].to_list() == [0.0] * 11
    assert rows["offline_share"][12] == pytest.approx(11 / 12)
    assert 0.4 < rows["offline_share_6h"][12] < 0.8
    assert rows["offline_share_7d"][12] < rows["offline_share_1d"][12] < rows["offline_share_6h"][12]


def test_an_hour_that_is_known_late_sets_no_level_but_counts():
    late = {"device_id": "a", "hour_at": START, "known_at": START + 9 * HOUR, "battery_last_pct": 11.0, "errors": 5}
    rows = device_states(hourly([*up("a", range(1, 8)), late]))
    assert rows["battery_last_pct"].to_list() == [80.0] * 8
    assert rows["errors_total"][-1] == 5
    assert rows["last_at"][-1] == START + timedelta(hours=7, minutes=45)


def test_a_channel_tells_its_last_change_and_when_it_came():
    def reading(hour, value, changed=None):
        return {
            "device_id": "a",
            "hour_at": START + hour * HOUR,
            "channels": [
                {"channel": "v", "reports": 1, "first": value, "last": value, "min": value, "max": value, "mean": value,
                 "std": 0.0, "changes": 0, "changed_at": changed},
            ],
        }  # fmt: skip

    rows = channel_states(hourly([reading(0, 5.0), reading(1, 5.0), reading(2, 8.0), reading(30, 8.0)]))
    assert rows["changes"].to_list() == [0, 0, 1, 1]
    assert rows["before"].to_list() == [None, None, 5.0, 5.0]
    assert rows["changed_at"].to_list() == [None, None, START + 3 * HOUR, START + 3 * HOUR]
    assert rows["low"].to_list() == [5.0] * 4
    assert 5.0 < rows["mean_30d"][3] < rows["mean_6h"][3] <= 8.0
