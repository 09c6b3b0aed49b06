"""`opsguard scorecard` as people use it: from drafts to a signed month that is sent, proven and restated."""

import json

import pytest

from opsguard_assets.commands import scorecard
from opsguard_assets.scorecards.signing.keys_io import VARIABLE
from resources.lake import Lake
from tests.scorecards.makers import SmallMaker

RECIPIENTS = "scorecards: {recipients: [cfo@ops.example]}"


@pytest.fixture
def maker(tmp_path):
    made = SmallMaker(Lake(str(tmp_path / "lake")))
    made.write(C1=[True, False], C2=[True])
    return made


@pytest.fixture
def command(command_on, database, database_url, tmp_path, maker, monkeypatch):
    monkeypatch.setattr(scorecard, "maker_of", lambda *_: maker)
    return command_on("scorecard", tmp_path / "lake", database_url, settings=RECIPIENTS)


def asked(command, *arguments, code=0):
    """What a command prints as JSON."""
    found, out, err = command(*arguments, "--json")
    assert found == code, err
    return json.loads(out)


def test_a_month_from_its_drafts_to_a_restatement(command, maker, tmp_path, monkeypatch):
    month = ("--month", "2026-10")
    one = ("--client", "C1", *month)
    made = asked(command, "key", "--out", str(tmp_path / "signing.key"))
    monkeypatch.setenv(f"{VARIABLE}_FILE", str(tmp_path / "signing.key"))
    assert command("key", "--out", str(tmp_path / "signing.key"))[0] == 1

    assert [row["result"] for row in asked(command, "build", *month, "--by", "ada")] == ["built", "built"]
    assert asked(command, "show", *one)["client_id"] == "C1"
    assert "SLA performance" in command("show", *one)[1]
    assert len(asked(command, "preview", *one, "--out", str(tmp_path / "a folder"))["files"]) == 3
    assert asked(command, "review", *one, "--by", "bob")["reviewed by"] == "bob"
    assert asked(command, "sign", *one, "--by", "ada")["signed"][0]["signed by"] == "ada"
    (sent, unsigned) = asked(command, "send", *month)
    assert (sent["messages"], sent["states"]) == (1, "cfo@ops.example: done")
    assert unsigned["note"].startswith("nobody has signed it")
    (mail,) = (tmp_path / "mailbox").rglob("*.eml")
    assert b"Client-C1-2026-10.pdf" in mail.read_bytes()
    assert {row["passed"] for row in asked(command, "verify", *one)} == {True}
    assert made["public_key"] not in command("verify", *one)[1]

    maker.write(C1=[True, True], C2=[True])
    (change,) = asked(command, "diff", *one)
    assert (change["before"], change["after"], change["rows"]) == ("50", "100", ["ticket T1 changed"])
    asked(command, "restate", *one, "--reason", "late", "--by", "ada")
    rows = asked(command, "list", *one)
    assert [(row["number"], row["status"]) for row in rows] == [(1, "draft"), (0, "sent")]
    assert "cfo@ops.example: done" in rows[1]["delivery"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sign"], 2, "name clients with --client, or say --all"),
        (["show", "--client", "C9", "--month", "2026-10"], 1, "There is no scorecard of 2026-10 of C9"),
        (["list", "--month", "October"], 2, "write a month like 2026-10"),
        (["restate", "--client", "C1", "--month", "2026-10"], 2, "--reason"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_said_with_a_remedy(command, arguments, code, words):
    found, _, err = command(*arguments)
    assert found == code
    assert words in " ".join(err.split())


def test_what_cannot_be_proven_ends_with_an_error(command, maker):
    month = ("--client", "C1", "--month", "2026-10")
    asked(command, "build", "--month", "2026-10")
    asked(command, "sign", *month)
    maker.more = {"measures": ()}
    code, _, err = command("verify", *month)
    assert code == 1
    assert "figures" in err


def test_one_client_that_fails_is_named_and_the_others_are_built(command, maker):
    maker.failing = {"C1"}
    code, out, err = command("build", "--month", "2026-10")
    assert code == 1
    assert "its zone is unknown" in out
    assert "1 of 2 scorecards could not be built" in err
