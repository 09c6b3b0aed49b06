"""Alerts of other systems live the life of our own: raised once, counted, cleared with their source's resolution."""

from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.finding import FindingError
from opsguard_assets.alerts.kinds import name_of, type_of_kind
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.people import ActionError, Muted, mute, resolve
from opsguard_assets.alerts.queries import alerts, history
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.external.assets import external_monitor
from opsguard_assets.external.io import EXTERNAL_ALERTS, findings_at
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.alerts.given import NOON, finding, frame

MONITOR = external_monitor(tuple(ALERT_TYPES), Settings())
EVERY = ("open", "acknowledged", "suppressed", "resolved")


def row(number, kind="Door open", *, hours=0.0, **more):
    at = NOON - timedelta(hours=hours)
    usual = {"alert_id": number, "kind": kind, "severity": "medium", "site_id": "S1", "at": at, "known_at": at}
    return {**usual, **more}


@pytest.fixture
def lake(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    sites = [
        {
            "site_id": "S1",
            "client_id": "C1",
            "name": "Harbour",
            "timezone": "UTC",
            "known_at": NOON - timedelta(days=99),
        },
        {"site_id": "S2", "client_id": "C2", "name": "Tower", "timezone": "UTC", "known_at": NOON - timedelta(days=99)},
    ]
    record(lake, TABLES["sites"], sites)
    return lake


def record(lake, table, rows, at=NOON):
    lake.record(table, pl.DataFrame(rows, schema=table.dtypes), loaded_at=at)


def tick(lake, database, minutes=0, monitor=MONITOR):
    as_of = NOON + timedelta(minutes=minutes)
    found = findings_at(lake, database, monitor, as_of, days=Settings().triage.external_days)
    return settle(database, found, monitor, as_of)


def test_rows_of_one_kind_and_entity_are_occurrences_of_one_alert(lake, database):
    door = {"entity_type": "door", "entity_id": "D7"}
    record(
        lake,
        EXTERNAL_ALERTS,
        [row("a", **door, hours=2), row("b", **door, title="Held open", severity="high"), row("c")],
    )
    assert tick(lake, database).decisions == {"raised": 3}
    site, one = sorted(alerts(database), key=lambda each: each["entity_type"], reverse=True)
    assert (one["dedup_key"], one["occurrences"], one["severity"]) == ("door_open:S1/door/D7", 2, "high")
    assert (one["title"], one["client_id"], one["site_id"]) == ("Held open", "C1", "S1")
    assert (
        one["reason"]
        == "another system reported Door open at 2026-03-02 12:00 UTC; 2 of them since 2026-03-02 10:00 UTC"
    )
    assert one["evidence"]["unresolved"] == 2
    assert (site["dedup_key"], site["title"]) == ("door_open:S1", "Door open at Harbour")
    tick(lake, database, 15)
    assert [each["occurrences"] for each in alerts(database) if each["entity_id"] == "D7"] == [2]


def test_a_row_without_site_and_entity_is_about_itself(lake, database):
    record(lake, EXTERNAL_ALERTS, [row("a", site_id=None), row("b", site_id=None), row("c", site_id="gone")])
    tick(lake, database)
    found = {each["dedup_key"]: (each["entity_type"], each["client_id"]) for each in alerts(database)}
    assert found == {
        "door_open:a": ("external_alert", None),
        "door_open:b": ("external_alert", None),
        "door_open:gone": ("site", None),
    }


def test_two_clients_with_a_door_of_the_same_number_have_two_alerts(lake, database):
    record(lake, EXTERNAL_ALERTS, [row("a", entity_id="7"), row("b", entity_id="7", site_id="S2")])
    tick(lake, database)
    assert {each["dedup_key"]: each["client_id"] for each in alerts(database)} == {
        "door_open:S1/7": "C1",
        "door_open:S2/7": "C2",
    }


def test_what_its_source_resolved_clears_with_the_resolution_in_its_history(lake, database):
    record(lake, EXTERNAL_ALERTS, [row("a"), row("b", "Lift stuck", site_id="S2")])
    tick(lake, database)
    later = NOON + timedelta(minutes=10)
    ended = row("a", resolved_at=later, resolution="false_alarm", known_at=later)
    record(lake, EXTERNAL_ALERTS, [ended], later)
    assert tick(lake, database, 15).decisions == {"refreshed": 1, "resolved at its source": 1}
    (gone,) = alerts(database, states=("resolved",))
    assert gone["resolution"] == "resolved at its source"
    assert history(database, gone["alert_id"])[-1]["detail"] == "resolved at its source: false alarm"
    assert tick(lake, database, 30).decisions == {"refreshed": 1}
    record(lake, EXTERNAL_ALERTS, [row("c", known_at=later)], later)
    assert tick(lake, database, 45).decisions == {"refreshed": 1, "reopened": 1}


def test_what_nobody_resolves_expires(lake, database):
    record(lake, EXTERNAL_ALERTS, [row("a", hours=24 * 30 - 0.1)])
    assert tick(lake, database).decisions == {"raised": 1}
    assert tick(lake, database, 15).decisions == {"expired": 1}
    assert tick(lake, database, 30).decisions == {}
    assert [each["resolution"] for each in alerts(database, states=EVERY)] == ["expired"]


def test_what_is_withdrawn_clears(lake, database):
    record(lake, EXTERNAL_ALERTS, [row("a")])
    tick(lake, database)
    later = NOON + timedelta(minutes=5)
    gone = pl.DataFrame([row("a", known_at=later)], schema=EXTERNAL_ALERTS.dtypes)
    lake.record(EXTERNAL_ALERTS, gone.with_columns(_is_withdrawn=pl.lit(value=True)), loaded_at=later)
    assert tick(lake, database, 15).decisions == {"cleared": 1}


def test_the_monitor_leaves_the_alerts_of_others_alone(lake, database):
    others = Monitor("devices", ("device_silent",))
    settle(database, frame(finding(dedup_key="device_silent:D", alert_type="device_silent")), others, NOON)
    old = Monitor("of an older version", ("no_longer_declared",))
    settle(database, frame(finding(dedup_key="no_longer_declared:D", alert_type="no_longer_declared")), old, NOON)
    record(lake, EXTERNAL_ALERTS, [row("a"), row("b", "Device silent")])
    tick(lake, database)
    settle(database, frame(), others, NOON + timedelta(minutes=5))
    assert {each["dedup_key"] for each in alerts(database)} == {
        "no_longer_declared:D", "door_open:S1", "external_device_silent:S1",
    }  # fmt: skip
    later = NOON + timedelta(minutes=10)
    record(lake, EXTERNAL_ALERTS, [row(one, kind, resolved_at=later, known_at=later)
                                   for one, kind in (("a", "Door open"), ("b", "Device silent"))], later)  # fmt: skip
    tick(lake, database, 15)
    assert {each["dedup_key"] for each in alerts(database)} == {"no_longer_declared:D"}


def test_it_cannot_raise_a_type_of_another_monitor(database):
    with pytest.raises(FindingError, match="device_silent"):
        settle(database, frame(finding(alert_type="device_silent")), MONITOR, NOON)


def test_an_odd_row_stops_none_of_the_others(lake, database):
    odd = [
        row("nothing", "!!! ???", site_id=None, title="", body="\u202e\x07 {x}"),
        row("long", "word " * 400, site_id=None),
        row("json", 'say "hi" \\', entity_type='a"b', entity_id="x/y:z"),
        row("plain"),
    ]
    record(lake, EXTERNAL_ALERTS, odd)
    assert tick(lake, database).decisions == {"raised": 4}
    kinds = {each["alert_type"] for each in alerts(database)}
    assert {"external_alert", "say_hi", "door_open"} < kinds
    assert max(map(len, kinds)) <= 60


def test_a_person_resolves_it_and_it_stays_resolved_until_its_source_says_so(lake, database):
    record(lake, EXTERNAL_ALERTS, [row("a")])
    tick(lake, database)
    resolve(database, 1, at=NOON, actor="Ann", note="closed it")
    assert tick(lake, database, 15).decisions == {"resolved by a person": 1}


def test_nobody_mutes_what_protects_lives_in_any_spelling(lake, database):
    water = external_monitor(tuple(ALERT_TYPES), Settings(triage={"life_safety": ["Water leak"]}))
    mute(database, Muted(site_id="S1"), begins_at=NOON, ends_at=NOON + timedelta(days=1), reason="works", actor="Ann")
    record(lake, EXTERNAL_ALERTS, [row("a", "Fire Alarm"), row("b", "WaterLeak"), row("c")])
    tick(lake, database, monitor=water)
    states = {each["alert_type"]: each["state"] for each in alerts(database)}
    assert states == {"fire": "open", "water_leak": "open", "door_open": "suppressed"}
    with pytest.raises(ActionError, match="protect lives"):
        mute(database, Muted(alert_type="water_leak"), begins_at=NOON, ends_at=NOON + timedelta(days=1), reason="x",
             actor="Ann", life_safety=water.life_safety)  # fmt: skip


@pytest.mark.parametrize(
    ("kinds", "name", "team"),
    [
        (["Fire alarm", "fire_alarm", "FireAlarm", "FIRE", "Fire in the test lab"], "fire", "emergency-response"),
        (["Smoke detector", "smoke"], "smoke", "emergency-response"),
        (["Panic button", "panic_alarm", "Duress", "hold-up"], "panic", "security"),
        (["Break-in", "Intruder detected", "burglary alarm"], "intrusion", "security"),
        (["Gas leak", "carbon monoxide", "CO alarm"], "gas", "emergency-response"),
        (["Water leak", "flood"], "water_leak", "iot-specialists"),
        (["fire drill"], "fire_drill", "emergency-response"),
        (["Smoke detector fault"], "smoke_detector_fault", "emergency-response"),
        (["Gas meter"], "gas_meter", "emergency-response"),
        (["firewall down"], "firewall_down", "noc"),
        (["VPN link lost"], "vpn_link_lost", "network"),
        (["Türkontakt offen"], "türkontakt_offen", "noc"),
        (["", "🔥"], "external_alert", "noc"),
    ],
)  # fmt: skip
def test_usual_spellings_of_a_kind_are_one_type_with_one_team(kinds, name, team):
    assert {name_of(kind) for kind in kinds} == {name}
    assert type_of_kind(name).team == team
