"""`opsguard deliver` as people use it: what is due is sent once, what is unknown is ended by a person."""

import json
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import text

from opsguard_assets.alerts.lifecycle import settle
from resources.lake import Lake
from tests.alerts.given import MONITOR, finding, frame
from tests.delivery.given import Clock, plan, put
from tests.remediation.given import record
from tests.resources.channels.mail_server import MailServer
from tests.views.given import put_incident

MAIL = "delivery: {{channels: {{mail: {{kind: mail, host: 127.0.0.1, port: {}, security: none, sender: o@ops.test}}}}}}"


@pytest.fixture
def clock():
    return Clock()


def test_without_channels_files_are_written_and_it_says_that_nothing_was_sent(command_named, database, clock, tmp_path):
    command = command_named("deliver", timezone="UTC")
    number = put(database, title="Lift stuck")
    plan(database, clock, number, channel="mail", address="ada@ops.test")
    plan(database, clock, number)
    code, out, err = command("--once")
    assert (code, out.strip()) == (0, "Messages: 2 done")
    assert "Nothing is sent to anybody" in err
    (mail,) = (tmp_path / "mailbox").rglob("*.eml")
    (call,) = (tmp_path / "mailbox").rglob("*.json")
    assert message_from_bytes(mail.read_bytes(), policy=policy.default)["Subject"] == "HIGH: Lift stuck"
    assert json.loads(call.read_text())["method"] == "chat.postMessage"
    code, out, _ = command("--once")
    assert (code, out.strip()) == (0, "Messages: nothing was due")
    _, out, _ = command("list")
    assert out.count("not sent: no delivery is set up") == 2


def test_a_step_of_a_chain_is_decided_and_sent_without_dagster(command_named, database, clock, tmp_path):
    lake, known = Lake(str(tmp_path / "lake")), clock() - timedelta(days=1)
    record(lake, "groups", {"group_id": "G1", "name": "noc", "lead_id": "nora"}, loaded_at=known)
    record(lake, "people", {"person_id": "nora", "name": "Nora", "email": "nora@ops.test"}, loaded_at=known)
    settle(database, frame(finding(client_id=None, site_id=None)), MONITOR, clock())
    due = {"chain_step": 1, "next_step_at": clock(), "routed_version": 1}
    number = put_incident(
        database,
        [1],
        title="Lift stuck",
        severity="critical",
        priority=85,
        team="noc",
        site_id=None,
        client_id=None,
        **due,
    )
    code, out, _ = command_named("deliver", timezone="UTC")("--once")
    assert (code, out.strip()) == (0, "Messages: 1 done")
    (mail,) = (tmp_path / "mailbox").rglob("*.eml")
    said = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert (said["To"], "Lift stuck" in said["Subject"]) == ("nora@ops.test", True)
    asked = "SELECT chain_step FROM incidents WHERE incident_id = :number AND next_step_at > now()"
    with database.begin() as connection:
        assert connection.execute(text(asked), {"number": number}).scalars().all() == [2]


@pytest.mark.parametrize(("option", "state"), [("--arrived", "done"), ("--not-arrived", "failed")])
def test_a_mail_of_which_nobody_knows_is_shown_and_a_person_says_whether_it_arrived(
    command_on, database, database_url, clock, tmp_path, option, state
):
    with MailServer("dies") as server:
        command = command_on("deliver", tmp_path / "lake", database_url, settings=MAIL.format(server.port))
        plan(database, clock, put(database), channel="mail", address="ada@ops.test")
        code, out, err = command("--once", "--json")
        assert (code, json.loads(out)["settled"]) == (0, {"unknown": 1})
        assert "Nothing is sent" not in err
        (row,) = json.loads(command("list", "--state", "unknown", "--json")[1])
        said = ("resolve-unknown", str(row["effect_id"]), option, "--note", "Ada says so", "--by", "eve")
        code, out, _ = command(*said)
        assert (code, out.strip()) == (0, f"Message {row['effect_id']} is {state}.")
        code, _, err = command(*said)
        assert code == 1
        assert "no message" in err
        assert len(server.ids()) == 1
