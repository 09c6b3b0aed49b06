"""`opsguard incidents`, `route test` and `check` as people use them: through the command's own entry."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.lifecycle import settle
from opsguard_assets.incidents.io import group_alerts
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.alerts.given import finding, frame, minute
from tests.incidents.given import RULES
from tests.incidents.world import MONITOR, context

HOSTILE = "T-9\x1b]0;owned\x07 [red]urgent[/red]"


@pytest.fixture
def commands(command_named):
    """Runs a command by its name; its code, standard output and standard error."""
    return {name: command_named(name, timezone="Asia/Kolkata") for name in ("incidents", "route", "check", "alerts")}


@pytest.fixture
def incident(commands, database):
    """One incident of three alerts."""
    settle(database, frame(*(finding(f"T{n}", title=f"{HOSTILE} {n}") for n in range(3))), MONITOR, minute(0))
    group_alerts(database, context(), RULES, at=minute(0))


def asked(command, *arguments):
    code, out, err = command(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_incidents_are_listed_shown_acknowledged_split_merged_and_resolved(commands, incident):
    command = commands["incidents"]
    (listed,) = asked(command, "list")
    assert (listed["state"], listed["unresolved"]) == ("open", 3)
    number = str(listed["incident_id"])
    split = asked(command, "split", number, "1", "--note", "another", "--by", "ada")
    assert split["words"] == "1 of its alerts are incident 2 now."
    assert asked(command, "merge", "2", "1", "--note", "the same")["incident_id"] == 1
    assert asked(command, "ack", number, "--by", "ada")["is_new"]
    assert not asked(command, "ack", number, "--by", "bo")["is_new"]
    assert asked(command, "resolve", number, "--note", "done")["state"] == "resolved"
    history = [row["to_state"] for row in asked(command, "show", number)["history"]]
    assert history[0] == "open"
    assert history[-2:] == ["acknowledged", "resolved"]


def test_hostile_titles_control_no_terminal(commands, incident):
    for arguments in (["list"], ["show", "1"]):
        code, out, err = commands["incidents"](*arguments)
        assert code == 0, err
        assert not set(out) & {"\x1b", "\x07"}
        assert "[red]urgent[/red]" in out


def test_acknowledging_all_alerts_acknowledges_their_incident(commands, incident):
    asked(commands["alerts"], "ack", "1", "2", "--by", "ada")
    assert asked(commands["incidents"], "list")[0]["state"] == "open"
    asked(commands["alerts"], "ack", "3", "--by", "ada")
    assert asked(commands["incidents"], "list")[0]["acknowledged_by"] == "ada"


def test_what_does_not_exist_is_said(commands):
    for arguments in (["show", "7"], ["ack", "7"]):
        code, _, err = commands["incidents"](*arguments)
        assert code == 1
        assert "There is no incident 7" in err


@pytest.fixture
def people(commands, tmp_path):
    """A team of one who is on duty for a day, with an address; and another one without any."""
    lake, now = Lake(str(tmp_path / "lake")), datetime.now(UTC)
    known = {"known_at": now - timedelta(days=9)}
    rows = {
        "groups": [{"group_id": "G1", "name": "iot-specialists", "lead_id": "bo"}],
        "memberships": [{"person_id": name, "group_id": "G1"} for name in ("ana", "bo")],
        "people": [
            {"person_id": "ana", "name": "Ana", "email": "ana@provider.example", "reports_to": "bo"},
            {"person_id": "bo", "name": "Bo"},
        ],
        "duty": [{"person_id": "ana", "starts_at": now - timedelta(hours=2), "ends_at": now + timedelta(hours=26)}],
        "clients": [{"client_id": "C1", "name": "Harbour", "plan": "gold", "timezone": "UTC"}],
        "sites": [{"site_id": "S1", "client_id": "C1", "name": "Quay", "timezone": "Europe/Berlin"}],
    }
    for name, records in rows.items():
        table = TABLES[name]
        full = [dict.fromkeys(table.columns) | row | known for row in records]
        lake.record(table, pl.DataFrame(full, schema=table.dtypes), loaded_at=now - timedelta(hours=1))


def test_route_test_says_who_is_told_and_who_is_next(commands, people):
    rows = asked(commands["route"], "test", "--kind", "device_silent", "--severity", "critical", "--site", "S1")
    # Ana is told by mail; Bo, her superior and lead, has no address, and there is no operations centre.
    decided = [(row["audience"], row["person_id"], row["channel"], row["decision"]) for row in rows[:4]]
    assert decided == [
        ("owner", "ana", "mail", "told"),
        ("supervisor", "bo", "none", "no address"),
        ("lead", "bo", "none", "no address"),
        ("noc", None, "none", "not on duty"),
    ]
    assert rows[0]["reason"] == "the least loaded of 1 on duty in iot-specialists"
    minutes = {
        (datetime.fromisoformat(row["at"]) - datetime.fromisoformat(rows[0]["at"])).seconds // 60 for row in rows
    }
    assert minutes == {0, 15}


def test_route_test_of_a_stored_alert_records_nothing(commands, incident, people, database):
    code, out, err = commands["route"]("test", "1")
    assert code == 0, err
    assert "Nothing was sent or recorded." in out
    assert asked(commands["incidents"], "show", "1")["decisions"] == []


def test_route_test_needs_an_alert(commands):
    code, _, err = commands["route"]("test")
    assert code == 2
    assert "--kind" in err


def test_check_names_teams_hours_and_people(commands, people):
    code, out, _ = commands["check"]()
    assert code == 1
    assert "team network: `groups` has none of this name" in out
    assert "team iot-specialists: nobody is on duty in 310 of the next 336 hours" in out
    assert "Bo: no address for the channels of route life safety, default" in out
