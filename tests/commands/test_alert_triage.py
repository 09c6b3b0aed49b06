"""`opsguard alerts` shows priorities with their reasons, and takes what people say of alerts."""

import json

import pytest

from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import prioritise, rule_judge
from tests.alerts.given import MONITOR, finding, frame, minute


@pytest.fixture
def command(command_named):
    """Runs the command; its code, standard output and standard error."""
    return command_named("alerts", timezone="Asia/Kolkata")


def asked(command, *arguments):
    code, out, err = command(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def tick(database, number, *findings):
    return settle(database, frame(*findings), MONITOR, minute(15 * number))


def test_the_list_is_sorted_by_priority_and_shows_it_with_its_reasons(command, database):
    tick(database, 0, finding("T1", "low"), finding("T2", "critical"), finding("T3"))
    listed = asked(command, "list")
    assert {row["priority"] for row in listed} == {None}
    prioritise(database, Described(ALERT_TYPES, Settings()), rule_judge(), minute(0))
    listed = asked(command, "list")
    priorities = [row["priority"] for row in listed]
    assert priorities == sorted(priorities, reverse=True)
    assert [row["entity_id"] for row in listed] == ["T2", "T3", "T1"]
    _, out, _ = command("list")
    assert f"P{priorities[0]}" in out
    assert "costs 1,000 if nobody acts" in out
    _, out, _ = command("show", str(listed[0]["alert_id"]))
    assert f"{priorities[0]} of 100" in out
    assert "by the rule of cold start" in out


def test_feedback_of_a_person_counts_in_its_newest_word_and_is_shown(command, database):
    tick(database, 0, finding("T1"))
    (alert,) = asked(command, "list")
    number = str(alert["alert_id"])
    command("feedback", number, "useful", "--by", "ada")
    said = asked(command, "feedback", number, "noise", "--by", "ada", "--note", "lift\x1b replaced")
    assert [(row["actor"], row["verdict"]) for row in said] == [("ada", "noise")]
    asked(command, "feedback", number, "wrong", "--by", "bob")
    shown = asked(command, "show", number)["feedback"]
    assert {(row["actor"], row["verdict"], row["opening"]) for row in shown} == {
        ("ada", "noise", 1),
        ("bob", "wrong", 1),
    }
    _, out, _ = command("show", number)
    assert "lift" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("arguments", [("999", "noise"), ("1", "fine")])
def test_feedback_about_nothing_or_in_other_words_is_refused(command, arguments):
    code, _, err = command("feedback", *arguments)
    assert code != 0
    assert "no such alert" in err or "useful" in err


def test_the_list_of_a_kind_of_another_system_is_no_unknown_type(command, database):
    settle(
        database,
        frame(finding(alert_type="door_open", dedup_key="door_open:S1")),
        Monitor("x", ("door_open",)),
        minute(0),
    )
    assert [row["alert_type"] for row in asked(command, "list", "--type", "door_open")] == ["door_open"]
    code, _, err = command("list", "--type", "sla_breach_rik")
    assert code == 2
    assert "sla_breach_risk" in err
