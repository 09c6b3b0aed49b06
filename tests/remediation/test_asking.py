"""Who is asked, and that a question which is over asks nobody any more."""

from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.config.routing import Routing
from opsguard_assets.remediation.actions.asking import ask
from opsguard_assets.remediation.actions.readers import approvers
from opsguard_assets.routing.frames import Rules
from tests.alerts.given import NOON
from tests.incidents.world import rows
from tests.remediation.questions import approval, asked, ended, execution, offer, reader
from tests.routing.given import CHANNELS, roster

RULES = Rules(settings=Routing(), channels=CHANNELS)


def who(team, needed=1, *, people=None, **more):
    found = approvers(people or roster(), RULES, team, needed, NOON, **more)
    return [(row["person_id"], row["audience"], row["channel"]) for row in found.to_dicts()]


def test_those_of_the_team_on_duty_are_asked_by_the_first_channel_that_reaches_them():
    assert who("iot-specialists") == [("ana", "on duty", "slack"), ("bo", "on duty", "slack")]
    assert who("IOT-Specialists", people=roster(without_slack=("bo",)))[1] == ("bo", "on duty", "mail")


def test_where_too_few_are_on_duty_the_lead_is_asked_and_then_everybody():
    assert who(None) == [("nora", "on duty", "slack")]
    assert who("noc", 2) == [("nora", "on duty", "slack"), ("nils", "lead", "slack")]
    assert who("iot-specialists", people=roster(on_duty=())) == [("lena", "lead", "slack")]
    nobody_reaches_lena = roster(on_duty=(), without_slack=("lena",), without_mail=("lena",))
    assert [name for name, *_ in who("iot-specialists", people=nobody_reaches_lena)] == ["lena", "ana", "bo"]


def test_whoever_started_it_is_not_asked_and_nobody_is_said_with_the_reason():
    assert who("iot-specialists", without="ana") == [("bo", "on duty", "slack")]
    (row,) = approvers(roster(), RULES, "no such team", 1, NOON).to_dicts()
    assert (row["person_id"], row["why"]) == (None, "nobody of no such team could be asked")


def test_the_owner_of_the_incident_is_asked_too_where_they_may_decide_and_are_reached():
    of_team = [("ana", "on duty", "slack"), ("bo", "on duty", "slack")]
    assert who("iot-specialists", owner="nora") == [("nora", "owner", "slack"), *of_team]
    assert who("iot-specialists", owner="ana") == of_team, "once"
    assert who("iot-specialists", owner="nora", without="nora") == of_team, "who started it does not decide"
    unreached = roster(without_slack=("nora",), without_mail=("nora",))
    assert who("iot-specialists", people=unreached, owner="nora") == of_team
    assert who("no such team", owner="nora") == [("nora", "owner", "slack")]
    assert who("iot-specialists", people=roster(on_duty=()), owner="nora")[1:] == [("lena", "lead", "slack")]


def test_asking_twice_tells_once_and_who_cannot_be_reached_is_noted(database):
    number = execution(database)
    about = f"approval/{approval(database, number, NOON)}"
    readers = (reader(), reader("P2", None, None, why="leads noc"), reader(None, None, None, why="nobody of noc"))
    assert asked(database, about, NOON, *readers) == 1
    assert asked(database, about, NOON, reader()) == 0
    found = rows(database, "SELECT person_id, decision, reason, execution_id FROM notices ORDER BY notice_id")
    assert [tuple(row.values()) for row in found] == [
        ("P1", "told", "on duty in noc", number),
        ("P2", "no address", "leads noc; no channel has an address of theirs", number),
        (None, "not on duty", "nobody of noc", number),
    ]
    (effect,) = rows(database, "SELECT key, rank, payload FROM effects")
    assert effect["key"] == f"{about}/slack/U1"
    payload = {name: effect["payload"][name] for name in ("about", "person_id", "kind", "is_critical", "zone")}
    assert payload == {
        "about": about, "person_id": "P1", "kind": "approval", "is_critical": True, "zone": "Europe/Berlin",
    }  # fmt: skip


def test_a_question_that_is_over_before_it_is_sent_is_taken_back(database):
    number = execution(database)
    one = approval(database, number, NOON)
    other = f"offer/{offer(database, number, NOON)}"
    asked(database, f"approval/{one}", NOON, reader(), reader("P2", "mail", "bo@ops.test"))
    asked(database, other, NOON)
    ended(database, one, "denied", NOON + timedelta(minutes=1))
    states = rows(database, "SELECT key, state, answer FROM effects ORDER BY effect_id")
    assert [row["state"] for row in states] == ["superseded", "superseded", "planned"]
    told = rows(database, "SELECT decision, reason FROM notices ORDER BY notice_id")
    assert [tuple(row.values()) for row in told][:2] == [("superseded", "denied by P1")] * 2
    ended(database, one, "denied", NOON + timedelta(minutes=2))
    assert len(rows(database, "SELECT 1 FROM effects")) == 3


@pytest.mark.parametrize("about", ["incident/3", "approval/", "approval/x", "/7", "approval/1 OR 1=1"])
def test_what_names_no_question_is_refused(database, about):
    with database.begin() as connection, pytest.raises(ValueError, match="a question is written like"):
        ask(connection, about, pl.DataFrame(), at=NOON, actor="x")
