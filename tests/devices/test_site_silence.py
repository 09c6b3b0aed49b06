"""A gateway dies and comes back, tick by tick: one alert of its site, and none of the devices behind it beside it."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.lifecycle import Monitor, decisions_at, settle
from opsguard_assets.alerts.queries import alerts, history
from opsguard_assets.devices.alerts.alert_types import ALERT_TYPES, FAILURE_RISK, MONITOR, SILENT, SITE_SILENT
from opsguard_assets.devices.alerts.findings import Levels, device_findings
from tests.devices.test_findings import _EVENTS, _HEALTH, _RISK, well

DEVICE_MONITOR = Monitor(MONITOR, ALERT_TYPES)
DAY = datetime(2026, 11, 20, tzinfo=UTC)


def clock(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def last_report(at: datetime, every: float, phase: float, outage) -> datetime:
    """When a device that reports at a phase of its interval was heard last by a moment; in an outage nobody is."""
    step, shift = timedelta(minutes=every), timedelta(minutes=phase)
    last = DAY + shift + (at - DAY - shift) // step * step
    begins, ends = outage or (DAY, DAY)
    while begins <= last < ends:
        last -= step
    return last


def fleet_at(at, devices):
    """Health of devices at a tick: name to (interval, phase, outage), all of site s1."""
    rows = []
    for name, (every, phase, outage) in devices.items():
        last = last_report(at, every, phase, outage)
        silent = (at - last).total_seconds() / 60
        rows.append(well(name, last_at=last, silence_minutes=silent, reports_every_minutes=every))
    return pl.DataFrame(rows, schema=_HEALTH).with_columns(as_of=pl.lit(at, pl.Datetime("us", "UTC")))


def gateway(number, every, outage, name="d"):
    return {f"{name}{n:02d}": (every, every * n / number, outage) for n in range(number)}


def risky(health):
    return [
        dict.fromkeys(_RISK) | {"device_id": d, "site_id": "s1", "risk_24h": min(0.3 + s / e / 5, 1.0), "reason": "x"}
        for d, s, e in health.select("device_id", "silence_minutes", "reports_every_minutes").iter_rows()
        if s < 240
    ]


def ticks(database, devices, hours, *, risks=False):
    """Settles the ticks; the open alerts after each, as type to entities."""
    result, seen_before = {}, []
    for hour in hours:
        at = clock(hour)
        health = fleet_at(at, devices)
        risk = pl.DataFrame(risky(health) if risks else [], schema=_RISK)
        events = pl.DataFrame(schema=_EVENTS)
        before = pl.concat(seen_before) if seen_before else None
        settle(database, device_findings(health, risk, events, Levels(), at, before), DEVICE_MONITOR, at)
        seen = {}
        for alert in alerts(database, limit=1_000):
            seen.setdefault(alert["alert_type"], set()).add(alert["entity_id"])
        result[hour] = seen
        seen_before.append(health)
    return result


@pytest.mark.parametrize(("every", "dies"), [(5.0, 9.75), (30.0, 9.5), (30.0, 9.75), (30.0, 9.99), (60.0, 9.99)])
def test_a_gateway_that_dies_gives_one_alert_of_its_site_and_none_of_a_device(database, every, dies):
    devices = gateway(60, every, (clock(dies), clock(99)))
    result = ticks(database, devices, range(9, 16), risks=True)
    assert all(set(seen) <= {SITE_SILENT} for seen in result.values())
    assert result[9] == {}
    assert result[13] == result[15] == {SITE_SILENT: {"s1"}}
    assert len(alerts(database, states=("open", "resolved"), limit=1_000)) == 1


@pytest.mark.parametrize(("every", "back"), [(5.0, 13.96), (30.0, 13.5), (30.0, 13.8), (60.0, 13.1), (60.0, 13.5)])
def test_a_gateway_that_comes_back_leaves_no_alert_of_devices_that_are_not_due_yet(database, every, back):
    result = ticks(database, gateway(60, every, (clock(9.75), clock(back))), range(11, 17))
    assert all(set(seen) <= {SITE_SILENT} for seen in result.values())
    assert result[13] == {SITE_SILENT: {"s1"}}
    assert result[16] == {}


def test_a_device_that_stays_silent_when_its_gateway_is_back_has_its_alert_soon_after(database):
    devices = gateway(20, 30.0, (clock(9.75), clock(13.2))) | {"dead": (30.0, 3.0, (clock(9.75), clock(99)))}
    result = ticks(database, devices, range(11, 17))
    assert result[13] == {SITE_SILENT: {"s1"}}
    assert result[15] == result[16] == {SILENT: {"dead"}}


def test_who_was_silent_long_before_keeps_its_alert_and_does_not_hide_the_outage(database):
    old = {f"old{n}": (30.0, 0.0, (clock(n), clock(99))) for n in range(7)}
    devices = gateway(8, 30.0, (clock(9.75), clock(99))) | old
    assert ticks(database, devices, range(10, 14))[13] == {SITE_SILENT: {"s1"}, SILENT: set(old)}


def test_devices_that_report_once_a_day_neither_speak_for_nor_against_an_outage(database):
    outage = (clock(9.75), clock(99))
    devices = gateway(8, 15.0, outage) | gateway(12, 1440.0, outage, "daily")
    result = ticks(database, devices, range(10, 16))
    assert result[11] == result[15] == {SITE_SILENT: {"s1"}}


def test_what_a_tick_raised_before_its_site_was_found_ends_with_a_word_why(database):
    at, later = clock(12), clock(13)
    first = pl.DataFrame([well("a", silent=100.0)], schema=_HEALTH)
    nothing = pl.DataFrame(schema=_RISK), pl.DataFrame(schema=_EVENTS)
    settle(database, device_findings(first, *nothing, Levels(), at), DEVICE_MONITOR, at)
    number = next(alert["alert_id"] for alert in alerts(database))
    health = pl.DataFrame([well(name, silent=160.0) for name in "abcdef"], schema=_HEALTH)
    settled = settle(database, device_findings(health, *nothing, Levels(), later), DEVICE_MONITOR, later)
    assert settled.is_complete
    assert [alert["alert_type"] for alert in alerts(database)] == [SITE_SILENT]
    assert history(database, number)[-1]["detail"] == "grouped under its site"
    decisions = dict(decisions_at(database, DEVICE_MONITOR.name, later).select("dedup_key", "decision").iter_rows())
    assert decisions == {f"{SILENT}:{name}": "grouped under its site" for name in "abcdef"} | {
        f"{SITE_SILENT}:s1": "raised"
    }


def test_the_risk_of_a_device_behind_a_dead_gateway_is_grouped_and_that_of_the_others_is_not():
    health = pl.DataFrame([well(name, silent=60.0) for name in "abcdef"] + [well("z")], schema=_HEALTH)
    risk = [dict.fromkeys(_RISK) | {"device_id": name, "risk_24h": 0.9, "reason": "x"} for name in "az"]
    found = device_findings(health, pl.DataFrame(risk, schema=_RISK), pl.DataFrame(schema=_EVENTS), Levels(), clock(12))
    withheld = dict(found.filter(alert_type=FAILURE_RISK).select("entity_id", "withheld").iter_rows())
    assert withheld == {"a": "grouped under its site", "z": None}
