"""Every sentence on devices, against its row; and modes that a device can have."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.models.calibration import IDENTITY
from ml.models.learned import LearnedModel
from ml.problems.device_failure.features import HORIZON, OF_CHANNEL, channel_feature, features_of
from ml.problems.device_failure.rule import DeviceRule
from ml.problems.device_failure.states import HALF_LIVES
from ml.problems.device_failure.words import modes, topics
from tests.ml.words.facts import maybe, minutes_said, number_of, percent_said, rounded, rows_of, said_by, times_said
from tests.properties import examples

CHANNEL = "fan [rpm]"
FEATURES = features_of((CHANNEL,))


@st.composite
def devices(draw):
    row = {}
    for name in FEATURES:
        if "share" in name:
            value = st.floats(0, 1)
        elif "pct" in name and "drop" not in name:
            value = st.floats(0, 100)
        elif "dbm" in name:
            value = st.floats(-130, -40)
        elif name in ("is_online", "battery_powered"):
            value = st.booleans().map(float)
        elif name.endswith(("s", "_changes", "changes")) and not name.startswith(("days", "silence", "site")):
            value = st.integers(0, 5).map(float)
        elif "minutes" in name or "interval" in name:
            value = st.floats(0, 30_000)
        elif name.startswith("rate"):
            value = st.floats(0, 0.01)
        elif "margin" in name or "temperature" in name or "drop" in name or "rise" in name or "change" in name:
            value = st.floats(-60, 60)
        else:
            value = st.floats(0, 500)
        row[name] = draw(maybe(value))
    return row


def expected(row):
    def so(name, words, when=lambda _value: True):
        return None if row[name] is None or not when(row[name]) else words(row[name])

    silence = so("silence_minutes", minutes_said)
    silent = so("silence_intervals", lambda _v: silence and f"silent for {silence}", lambda v: v > 1)
    years = "times in 100 years of a device"

    def drop(name, what, unit):
        value = so(name, lambda v: rounded(v, 1))
        if not value:
            return None
        return f"{what} {abs(value)} {unit} {'below' if value > 0 else 'above'} its average"

    def margin(name, inside, outside, limit):
        value = so(name, lambda v: rounded(v, 1))
        if value is None:
            return None
        return f"{abs(value)} degrees {outside if value < 0 else inside} its {limit} allowed temperature"

    battery = row["battery_last_pct"]
    result = {
        "battery_last_pct": so("battery_last_pct", lambda v: f"battery {rounded(v)} %"),
        "days_to_empty": None if battery is None else so(
            "days_to_empty", lambda v: f"battery {rounded(battery)} %, empty in {rounded(v, 1)} days", lambda v: v < 30
        ),
        "battery_powered": so("battery_powered", lambda _v: "runs on a battery", bool),
        "battery_drop_1d": drop("battery_drop_1d", "battery", "points"),
        "battery_drop_7d": drop("battery_drop_7d", "battery", "points"),
        "signal_drop_1d": drop("signal_drop_1d", "signal", "dB"),
        "signal_drop_7d": drop("signal_drop_7d", "signal", "dB"),
        "silence_minutes": silent,
        "silence_intervals": silent,
        "interval_minutes": so("interval_minutes", lambda v: f"reports every {rounded(v, 1)} min"),
        "is_online": so("is_online", lambda _v: "its last report said that it is offline", lambda v: not v),
        "site_silence_minutes": so(
            "site_silence_minutes", lambda v: f"nothing heard of its site for {minutes_said(v)}", lambda v: v > 60
        ),
        "signal_mean_dbm": so("signal_mean_dbm", lambda v: f"signal {rounded(v)} dBm"),
        "signal_std_db": so("signal_std_db", lambda v: f"signal varies by {rounded(v, 1)} dB"),
        "temperature_mean_c": so("temperature_mean_c", lambda v: f"{rounded(v, 1)} degrees Celsius"),
        "heat_margin_c": margin("heat_margin_c", "below", "above", "highest"),
        "cold_margin_c": margin("cold_margin_c", "above", "below", "lowest"),
        "errors_total": so("errors_total", lambda v: number_of(v, "reported error"), lambda v: rounded(v) >= 1),
        "errors": so("errors", lambda v: number_of(v, "error code"), lambda v: v >= 1),
        "days_since_error": so("days_since_error", lambda v: f"last error code {number_of(v, 'day')} ago"),
        "failures": so("failures", lambda v: f"failed {times_said(v)} before", lambda v: v >= 1),
        "days_since_failure": so("days_since_failure", lambda v: f"last failed {number_of(v, 'day')} ago"),
        "maintenances": so("maintenances", lambda v: f"maintained {times_said(v)}", lambda v: v >= 1),
        "days_since_maintenance": so("days_since_maintenance", lambda v: f"last maintained {number_of(v, 'day')} ago"),
        "rate_of_model": so("rate_of_model", lambda v: f"its model fails {rounded(v * 36_525)} {years}"),
        "rate_of_fleet": so("rate_of_fleet", lambda v: f"devices fail {rounded(v * 36_525)} {years}"),
        "age_days": so("age_days", lambda v: f"in place for {number_of(v, 'day')}"),
    }  # fmt: skip
    return result | averages(so) | of_channel(row)


def averages(so):
    result = {}
    for half in HALF_LIVES:
        result |= {
            f"battery_last_pct_{half}": so(
                f"battery_last_pct_{half}", lambda v: f"battery around {rounded(v)} % lately"
            ),
            f"discharge_pct_per_day_{half}": so(
                f"discharge_pct_per_day_{half}",
                lambda v: f"loses {rounded(v, 1)} points of charge a day", lambda v: v > 0,
            ),
            f"offline_share_{half}": so(
                f"offline_share_{half}", lambda v: f"offline {percent_said(v)} of the time lately", lambda v: v >= 0.005
            ),
            f"signal_mean_dbm_{half}": so(
                f"signal_mean_dbm_{half}", lambda v: f"signal around {rounded(v)} dBm lately"
            ),
            f"signal_std_db_{half}": so(
                f"signal_std_db_{half}", lambda v: f"signal varies by {rounded(v, 1)} dB lately"
            ),
            f"temperature_mean_c_{half}": so(
                f"temperature_mean_c_{half}", lambda v: f"around {rounded(v, 1)} degrees Celsius lately"
            ),
            f"temperature_out_share_{half}": so(
                f"temperature_out_share_{half}",
                lambda v: f"outside its temperature range {percent_said(v)} of the time lately", lambda v: v >= 0.005,
            ),
            f"errors_per_report_{half}": so(
                f"errors_per_report_{half}", lambda v: f"{rounded(v, 2)} errors per report lately", lambda v: v >= 0.005
            ),
        }  # fmt: skip
    return result


def of_channel(row):
    value = {figure: row[channel_feature(CHANNEL, figure)] for figure in OF_CHANNEL}
    level, change, since = value["level"], value["change"], value["days_since_change"]
    changed = None
    if None not in (level, change, since):
        changed = f"{CHANNEL} at {rounded(level, 2)}, changed by {rounded(change, 2)} {number_of(since, 'day')} ago"
    above = value["above_low"]
    result = {
        "level": None if level is None else f"{CHANNEL} at {rounded(level, 2)}",
        "change": changed,
        "days_since_change": changed,
        "above_low": f"{CHANNEL} {rounded(above, 2)} above its lowest level"
        if above is not None and rounded(above, 2) > 0 else None,
        "changes": f"{CHANNEL} changed {times_said(value['changes'])}" if value["changes"] else None,
    }  # fmt: skip
    for half in HALF_LIVES:
        by = value[f"rise_{half}"] and rounded(value[f"rise_{half}"], 2)
        side = "above" if by and by > 0 else "below"
        result[f"rise_{half}"] = f"{CHANNEL} {abs(by)} {side} its average" if by else None
    return {channel_feature(CHANNEL, figure): words for figure, words in result.items()}


@settings(max_examples=examples(100))
@given(st.lists(devices(), min_size=1, max_size=2))
def test_every_sentence_on_a_device_is_made_of_its_own_feature_and_holds(drawn):
    reasons = topics(rows_of(FEATURES, drawn))
    said_by(reasons, [expected(row) for row in drawn])
    members = {name for features in reasons.members.values() for name in features}
    assert members == set(reasons.phrases)
    assert set(FEATURES) - members == {HORIZON}
    for row, always in zip(drawn, reasons.always, strict=True):
        silence = row["silence_minutes"]
        assert always == ("never heard" if silence is None else f"last heard {minutes_said(silence)} ago")


@settings(max_examples=examples(100))
@given(devices())
def test_the_rule_says_what_it_looked_at(row):
    (said,) = DeviceRule().reasons(rows_of(FEATURES, [row]))
    week, day = (row[f"offline_share_{half}"] or 0.0 for half in ("7d", "1d"))
    silence = (row["silence_minutes"] or 0.0) if row["interval_minutes"] else 0.0
    parts = []
    if week * 10_080 > 500:
        worse = f", {percent_said(day, 1)} over about a day" if day > week else ""
        parts.append(f"offline {percent_said(week, 1)} of the time over about a week{worse}")
    if row["battery_last_pct"] is not None and 1 <= row["battery_last_pct"] <= 19:
        parts.append(f"battery {rounded(row['battery_last_pct'])} %")
    if silence > 120:
        parts.append(f"silent for {minutes_said(silence)}")
    assert said == ("; ".join(parts) or "nothing out of the ordinary")


class Battery:
    """A scorer that finds nothing but batteries and temperatures."""

    def scores(self, rows):
        return np.full(len(rows), 0.9)

    def contributions(self, rows):
        added = np.full(rows.shape, -1.0)
        added[:, FEATURES.index("battery_powered")] = 500.0
        added[:, FEATURES.index("temperature_mean_c")] = 900.0
        return added


@pytest.mark.parametrize(
    ("facts", "mode"),
    [
        ({}, {"connectivity", "hardware"}),
        ({"battery_last_pct": 80.0}, {"battery"}),
        ({"battery_powered": 1.0}, {"battery"}),
        ({"battery_powered": 0.0, "temperature_mean_c": 20.0}, {"temperature"}),
    ],
)
def test_a_device_without_a_battery_or_a_thermometer_does_not_fail_of_it(facts, mode):
    rows = rows_of(FEATURES, [facts])
    model = LearnedModel("x", "1", FEATURES, Battery(), IDENTITY, problem="device_failure")
    (found,) = modes(model, rows)
    assert found in mode
    assert isinstance(rows, pl.DataFrame)
