"""Features of devices: known at the moment, the same for one moment and for many, channels without code."""

import random
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.problems.device_failure.features import channels_in, features, features_of
from ml.problems.device_failure.rule import DeviceRule
from ml.problems.device_failure.streams import Checkpoint, streams
from tests.ml.device_failure.fleets import HOUR, START, devices, events, hourly, random_hourly, up

NAMES = ("a", "b", "c")
HAPPENED = (("a", 20, "failure"), ("b", 30, "maintenance"), ("b", 50, "error"), ("c", 90, "failure"))


def moments(*hours, names=NAMES):
    rows = [(name, START + hour * HOUR) for hour in hours for name in names]
    return pl.DataFrame(rows, schema={"device_id": pl.String, "as_of": pl.Datetime("us", "UTC")}, orient="row")


def known(rows, happened=HAPPENED, **fields):
    return streams(rows, devices(*NAMES, **fields), events(*happened))


@pytest.mark.parametrize("seed", range(3))
def test_records_after_a_moment_change_nothing(seed):
    rows, moment = random_hourly(seed), 60
    until = START + moment * HOUR
    asked = moments(moment)
    now = features(known(rows), asked)
    then = features(
        streams(
            rows.filter(pl.col("known_at") <= until),
            devices(*NAMES),
            events(*HAPPENED).filter(pl.col("known_at") <= until),
        ),
        asked,
    )
    assert_frame_equal(now.select(sorted(then.columns)), then.select(sorted(then.columns)), check_exact=True)
    invented = hourly(
        {"device_id": name, "hour_at": until + 2 * HOUR, "battery_last_pct": 1.0, "errors": 99} for name in NAMES
    )
    altered = features(known(pl.concat([rows.filter(pl.col("known_at") <= until), invented])), asked)
    assert_frame_equal(altered.select(sorted(then.columns)), then.select(sorted(then.columns)), check_exact=True)


@pytest.mark.parametrize("seed", range(3))
def test_many_moments_at_once_say_what_each_says_alone(seed):
    result, hours = known(random_hourly(seed)), (10, 33, 60, 61, 119)
    together = features(result, moments(*hours))
    alone = pl.concat([features(result, moments(hour)) for hour in hours])
    assert_frame_equal(together, alone, check_exact=True)


def test_a_tick_that_goes_on_from_kept_rows_sees_the_same():
    rows, cut = random_hourly(7), START + 48 * HOUR
    before = known(rows.filter(pl.col("known_at") <= cut), ())
    kept = Checkpoint(
        before.states.group_by("device_id", maintain_order=True).last(),
        before.channels.group_by("device_id", "channel", maintain_order=True).last(),
    )
    later = rows.filter(pl.col("known_at") > cut)
    replaced = rows.filter(pl.col("known_at") <= cut).join(later, on=["device_id", "hour_at"], how="semi")
    asked = moments(100)
    going_on = features(
        streams(pl.concat([later, replaced]), devices(*NAMES), events(*HAPPENED), kept), asked, channels=("x", "y")
    )
    whole = features(known(rows), asked)
    assert_frame_equal(going_on.select(whole.columns), whole, check_exact=True)


def test_any_channel_becomes_features_without_code():
    reading = {"reports": 1, "min": 1.0, "max": 4.0, "mean": 2.0, "std": 0.0, "changes": 1}
    odd = 'weird "name": {x}, y'
    channels = [{"channel": odd, "first": 1.0, "last": 4.0, "changed_at": START + timedelta(minutes=30), **reading}]
    result = known(hourly([{"device_id": "a", "hour_at": START, "channels": channels}]), ())
    row = features(result, moments(25, names=("a",))).row(0, named=True)
    assert row[f"channel:{odd}:level"] == 4.0
    assert row[f"channel:{odd}:change"] == 3.0
    assert row[f"channel:{odd}:days_since_change"] == pytest.approx(24.5 / 24)
    assert channels_in(features_of([odd])) == (odd,)


def test_silence_grows_the_share_of_time_offline_before_anything_is_heard_again():
    result = known(hourly(up("a", range(24))), ())
    shares = features(result, moments(24, 30, 48, 200, names=("a",)))["offline_share_1d"].to_list()
    assert shares == sorted(shares)
    assert shares[0] < 0.01
    assert shares[-1] > 0.99
    never = features(known(hourly(up("a", range(24))), (), interval=None), moments(200, names=("a",)))
    assert never["offline_share_1d"].to_list() == [None]


def test_reports_on_full_hours_that_are_early_or_late_are_no_time_offline():
    luck = random.Random(3)  # noqa: S311 - no secret
    early = [luck.random() < 0.5 for _ in range(241)]
    minutes = [60.0 + 30.0 * (early[n + 1] - early[n]) for n in range(240)]
    rows = [row | {"online_minutes": online} for row, online in zip(up("a", range(240)), minutes, strict=True)]
    share = features(known(hourly(rows), ()), moments(240, names=("a",)))["offline_share_7d"].item()
    assert share == pytest.approx(0, abs=0.01)


def test_a_model_that_fails_more_often_is_told_by_its_rate():
    fleet = [f"d{n}" for n in range(40)]
    bad = devices(*fleet[:20]).with_columns(model=pl.lit("bad"))
    good = devices(*fleet[20:]).with_columns(model=pl.lit("good"))
    rows = hourly(row for name in fleet for row in up(name, range(0, 400, 20)))
    failing = events(*((name, 300.0, "failure") for name in fleet[:10]))
    result = features(streams(rows, pl.concat([bad, good]), failing), moments(299, 399, names=("d1", "d30")))
    before, after = result["rate_of_model"].to_list()[:2], result["rate_of_model"].to_list()[2:]
    assert before[0] == pytest.approx(before[1])
    assert after[0] > after[1]


def test_the_rule_takes_the_first_line_that_matches():
    usual = {"interval_minutes": 15.0, "silence_minutes": 5.0, "battery_last_pct": 80.0}
    shares = {"offline_share_7d": 0.0, "offline_share_1d": 0.0}
    rows = pl.DataFrame(
        [
            usual | shares,
            usual | {"offline_share_7d": 0.06, "offline_share_1d": 0.2},
            usual | {"offline_share_7d": 0.06, "offline_share_1d": 0.01},
            usual | shares | {"battery_last_pct": 12.0, "silence_minutes": 121.0},
            usual | shares | {"silence_minutes": 181.0},
            usual | shares | {"silence_minutes": 9_999.0, "interval_minutes": None},
        ],
        infer_schema_length=None,
    )
    assert DeviceRule().predict(rows).to_list() == [0.2, 0.8, 0.2, 0.7, 0.5, 0.2]
    assert DeviceRule().reasons(rows).to_list()[3] == "battery 12 %; silent for 2 h 1 min"
