"""Notices of escalations become messages: by the channel that reaches the person, once, and never late."""

from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import text

from opsguard_assets.delivery.deliver_io import next_due
from opsguard_assets.delivery.escalations_io import plan_escalations
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import State
from resources.lake import Lake
from tests.commands.test_alerts import TICKET, record
from tests.delivery.given import Clock, mail_transport, rows, sent, slack_transport
from tests.resources.channels.mail_server import MailServer
from tests.resources.channels.slack_server import SlackServer
from tests.views.given import NOW

CHANNELS = [("slack", "slack_user_id"), ("mail", "email")]
TOO_OLD = timedelta(hours=2)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lake(tmp_path):
    opened = Lake(str(tmp_path / "lake"))
    record(opened, "clients", {"client_id": "C1", "name": "Acme", "plan": "gold", "timezone": "UTC"}, NOW)
    record(opened, "sites", {"site_id": "S1", "client_id": "C1", "name": "Harbour", "timezone": "Europe/Berlin"}, NOW)
    record(opened, "tickets", TICKET | {"ticket_id": "T1", "title": "Lift stuck", "site_id": "S1"}, NOW)
    record(
        opened, "people", {"person_id": "P1", "name": "Ada Byron", "slack_user_id": "U1", "email": "a@ops.test"}, NOW
    )
    record(opened, "people", {"person_id": "P2", "name": "Bob", "email": "bob@ops.test"}, NOW)
    record(opened, "people", {"person_id": "P3", "name": "Cy"}, NOW)
    return opened


def escalated(database, clock, *people, step=1):
    """An escalation that is done, and people who are to be told of it."""
    planned = pl.DataFrame([{"key": f"T1/{step}", "target": "record", "rank": 0.8, "payload": {"ticket_id": "T1"}}])
    with database.begin() as connection:
        (effect,) = effects_io.plan(connection, "escalation", planned, at=clock(), actor="test")["effect_id"]
        effects_io.settle_planned(connection, [effect], State.DONE, at=clock(), actor="test", words="recorded")
        row = {
            "effect_id": effect, "ticket_id": "T1", "step": step, "as_of": clock(), "risk_as_of": clock(), "risk": 0.82,
            "client_id": "C1", "site_id": "S1", "from_priority": "medium", "to_priority": "high",
            "from_assignee_id": None, "to_assignee_id": "P1", "expected_status": "open",
            "expected_updated_at": clock(), "reason": "82 % likely to miss its deadline; nobody has it", "tell": "[]",
        }  # fmt: skip
        names = ", ".join(row)
        values = ", ".join(f"CAST(:{name} AS jsonb)" if name == "tell" else f":{name}" for name in row)
        insert = f"INSERT INTO escalation_steps ({names}) VALUES ({values}) RETURNING escalation_id"
        number = connection.execute(text(insert), row).scalar_one()
        notice = (
            "INSERT INTO escalation_notices (escalation_id, person_id, role, message, created_at) "
            "VALUES (:number, :person, 'assignee', 'm', :at)"
        )
        for person in people:
            connection.execute(text(notice), {"number": number, "person": person, "at": clock()})
    return number


def test_people_are_told_by_the_channel_that_reaches_them_and_once(database, lake, clock):
    escalated(database, clock, "P1", "P2", "P3")
    assert next_due(database, ["slack", "mail"], ["slack"], clock()) == clock()
    assert plan_escalations(database, lake, CHANNELS, TOO_OLD, clock()) == 2
    assert plan_escalations(database, lake, CHANNELS, TOO_OLD, clock()) == 0
    with SlackServer() as slack, MailServer() as server:
        transports = {"slack": slack_transport(slack), "mail": mail_transport(server)}
        assert sent(database, lake.uri, clock, transports) == {"done": 2}
        ((direct,),) = slack.messages.values()
        ((to, mail),) = server.mails
    assert (list(slack.messages), to) == (["D1"], "bob@ops.test")
    assert direct["text"] == mail["Subject"] == "HIGH: Lift stuck will probably miss its deadline"
    assert "Acme, Harbour" in mail.get_body(("plain",)).get_content()
    notices = {row["person_id"]: row["state"] for row in rows(database, "escalation_notices", "person_id")}
    assert notices == {"P1": "delivered", "P2": "delivered", "P3": "pending"}
    decided = {row["person_id"]: row["decision"] for row in rows(database, "notices", "notice_id")}
    assert decided == {"P1": "told", "P2": "told", "P3": "no address"}
    assert next_due(database, ["slack", "mail"], ["slack"], clock()) is None


def test_what_waited_for_long_is_told_to_nobody_and_says_so(database, lake, clock):
    escalated(database, clock, "P1")
    clock.passes(hours=2, seconds=1)
    assert plan_escalations(database, lake, CHANNELS, TOO_OLD, clock()) == 0
    (notice,) = rows(database, "notices", "notice_id")
    assert (notice["decision"], notice["effect_id"]) == ("too old", None)


def test_many_tickets_that_are_escalated_at_once_are_one_message_per_person(database, lake, clock):
    for step in range(1, 6):
        escalated(database, clock, "P1", step=step)
    escalated(database, clock, "P2", step=6)
    assert plan_escalations(database, lake, CHANNELS, TOO_OLD, clock()) == 2
    assert plan_escalations(database, lake, CHANNELS, TOO_OLD, clock()) == 0
    with SlackServer() as slack, MailServer() as server:
        transports = {"slack": slack_transport(slack), "mail": mail_transport(server)}
        assert sent(database, lake.uri, clock, transports) == {"done": 2}
        ((direct,),) = slack.messages.values()
        ((_, mail),) = server.mails
    assert direct["text"] == "HIGH: 5 tickets will probably miss their deadline"
    assert str(direct["blocks"]).count("HIGH: Lift stuck, Acme, Harbour") == 5
    assert mail["Subject"] == "HIGH: Lift stuck will probably miss its deadline"
    assert {row["state"] for row in rows(database, "escalation_notices", "person_id")} == {"delivered"}
    decided = rows(database, "notices", "notice_id")
    (first, *_) = (row["notice_id"] for row in decided if row["decision"] == "told")
    held = [(row["person_id"], row["in_digest"]) for row in decided if row["decision"] == "digest"]
    assert held == [("P1", first)] * 5
    assert next_due(database, ["slack", "mail"], ["slack"], clock()) is None


@pytest.mark.parametrize("several", [True, False])
def test_two_people_with_one_address_are_each_told_of_their_own_tickets(database, lake, clock, several):
    record(lake, "people", {"person_id": "P4", "name": "Di", "email": "bob@ops.test"}, NOW)
    for step in (1, 2, 3, 4, 5, 6) if several else (1,):
        people = {2: ("P2",), 3: ("P2",), 4: ("P4",), 5: ("P4",)}.get(step, ("P2", "P4"))
        escalated(database, clock, *people, step=step)
    assert plan_escalations(database, lake, CHANNELS, TOO_OLD, clock()) == 2
    with MailServer() as server:
        assert sent(database, lake.uri, clock, {"mail": mail_transport(server)}) == {"done": 2}
        assert [to for to, _ in server.mails] == ["bob@ops.test"] * 2
    assert {row["state"] for row in rows(database, "escalation_notices", "person_id")} == {"delivered"}
    told = [row["person_id"] for row in rows(database, "notices", "notice_id") if row["decision"] == "told"]
    assert sorted(told) == ["P2", "P4"]
