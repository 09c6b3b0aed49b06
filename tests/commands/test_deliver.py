"""`opsguard deliver` as people use it: what is due is sent once, what is unknown is ended by a person."""

import json
from email import message_from_bytes, policy

import pytest

from tests.delivery.given import Clock, plan, put
from tests.resources.channels.mail_server import MailServer

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
