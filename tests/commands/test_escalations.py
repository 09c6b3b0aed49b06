"""`opsguard escalations` as people use it: what was escalated, and ending a doubt, through the command's own entry."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from opsguard_assets.tickets.escalation.escalate import Waits, escalate
from resources.answers import Outcome
from tests.tickets.desks import RULES, given, on_duty_now
from tests.tickets.escalators import Scripted


@pytest.fixture
def command(command_named):
    """Runs the command; its code, standard output and standard error."""
    return command_named("escalations", timezone="UTC")


@pytest.fixture
def doubtful(database):
    """T1 was escalated, of T2 nobody knows."""
    at = datetime.now(UTC).replace(microsecond=0)
    system = Scripted(Outcome.DONE, Outcome.UNKNOWN)
    escalate(database, system, given(at, "T1", "T2", where=on_duty_now("ada")), at, RULES, Waits())


def listed(command, *arguments):
    code, out, err = command("list", *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_list_shows_the_newest_first_and_who_is_to_be_told(command, doubtful):
    assert [(row["ticket_id"], row["state"]) for row in listed(command)] == [("T2", "unknown"), ("T1", "done")]
    (done,) = listed(command, "--state", "done")
    assert (done["told"], done["to_tell"]) == (None, "ada (assignee)")
    assert len(listed(command, "--limit", "1")) == 1
    code, out, _ = command("list")
    assert code == 0
    assert "as scripted" in out
    assert "UTC" in out
    assert "The people under “to tell” have not been reached" in out


def test_who_was_told_is_said_only_once_a_notice_was_delivered(command, doubtful, database):
    with database.begin() as connection:
        connection.execute(text("UPDATE escalation_notices SET state = 'delivered'"))
    (done,) = listed(command, "--state", "done")
    assert (done["told"], done["to_tell"]) == ("ada (assignee)", None)
    _, out, _ = command("list")
    assert "has not been reached" not in out


@pytest.mark.parametrize(("option", "state"), [("--happened", "done"), ("--not-happened", "failed")])
def test_a_person_ends_a_doubt(command, doubtful, option, state):
    (row,) = listed(command, "--state", "unknown")
    number = str(row["escalation_id"])
    code, out, _ = command("resolve-unknown", number, option, "--note", "I looked", "--by", "eve")
    assert (code, out.strip()) == (0, f"Escalation {number} is {state}.")
    (row,) = listed(command, "--state", state, "--limit", "1")
    assert (row["settled_by"], row["answer"]) == ("eve", "I looked")
    code, _, err = command("resolve-unknown", number, option, "--note", "again")
    assert code == 1
    assert "no escalation" in err


def test_an_answer_has_to_be_given(command, doubtful):
    code, _, _ = command("resolve-unknown", "2", "--note", "hm")
    assert code == 2
