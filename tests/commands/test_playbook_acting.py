"""What people do to playbooks by command: run, approve, deny, undo, cancel, pause, switch off, tick."""

import json
import re

import pytest

from tests.incidents.world import found, give_priority, tick
from tests.remediation.engines import lake_of

OWN = """
playbook: mute-it
title: Mute it
trigger: {when: {type: device_silent}}
steps:
  - {name: mute, do: mute, minutes: 60, reason: "looked at"}
"""
WAITING = """
playbook: wait-for-it
title: Wait for it
trigger: {when: {type: low_battery_predicted}}
steps:
  - {do: wait_for, condition: alert_acknowledged, within_minutes: 45}
"""
GIVING = """
playbook: give-it
title: Give it
trigger: {when: {type: model_moved}}
steps:
  - {do: assign, to: lea}
"""


@pytest.fixture
def command(command_named, database, tmp_path):
    """The command, where D1 and D2 are silent: alerts 1 and 2."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/mute-it.yaml").write_text(OWN)
    (tmp_path / "playbooks/wait-for-it.yaml").write_text(WAITING)
    (tmp_path / "playbooks/give-it.yaml").write_text(GIVING)
    lake_of(tmp_path)
    tick(database, 0, found("D1"), found("D2"))
    for number in (1, 2):
        give_priority(database, number, 50)
    call = command_named("playbook", timezone="UTC")

    def asked(*arguments, code=0):
        returned, out, err = call(*arguments)
        assert returned == code, err or out
        return out

    return asked


def log_of(command, number):
    return json.loads(command("log", str(number), "--json"))


def test_what_somebody_runs_is_done_when_another_one_agrees_and_is_undone_by_command(command):
    command("run", "mute-it", "--alert", "1", "--by", "ada")
    (waiting,) = json.loads(command("log", "--state", "awaiting_approval", "--json"))["executions"]
    number, approval = str(waiting["execution_id"]), str(waiting["approval_id"])
    assert "somebody else has to agree" in _refused(command, "approve", approval, "--by", "ada")
    assert "eve may not decide" in _refused(command, "approve", approval, "--by", "eve")
    assert "approved by ben" in command("approve", approval, "--by", "ben")
    assert log_of(command, number)["state"] == "succeeded"
    assert "approved by ben" in command("deny", approval, "--by", "ada", "--note", "too late", code=1)
    told = command("log", number)
    assert re.search(r"^  mute: ", told, re.MULTILINE)
    assert re.search(r"^  ben said approve at ", told, re.MULTILINE)
    command("undo", number, "--by", "ada")
    undone = json.loads(command("log", "--json"))["executions"][0]
    assert (undone["undo_of"], undone["state"]) == (int(number), "succeeded")


def test_the_log_names_people_whose_name_is_known(command):
    command("run", "mute-it", "--alert", "1", "--by", "ada")
    command("approve", "1", "--by", "lea")
    told = command("log", "1")
    assert re.search(r"^  Lea Lind said approve at ", told, re.MULTILINE)
    assert "asked for by ada" in told
    assert [row["actor"] for row in log_of(command, 1)["history"] if row["actor"] == "lea"] != []


def test_lists_plans_and_rehearsals_name_people_and_json_keeps_identifiers_beside_the_names(command):
    command("run", "wait-for-it", "--alert", "1", "--by", "ada")
    command("cancel", "1", "--note", "done by hand", "--by", "lea")
    command("off", "--note", "the helpdesk is being moved", "--by", "lea")
    assert "cancelled by Lea Lind: done by hand" in " ".join(command("log").split())
    listed = json.loads(command("log", "--json"))
    assert listed["executions"][0]["reason"] == "cancelled by lea: done by hand"
    planned, rehearsed = (json.loads(command(which, "give-it", "--alert", "1", "--json")) for which in ("plan", "test"))
    assert planned["changes"] == [
        {"step": 1, "what": "incident 1", "attribute": "owner", "before": None, "after": "lea"}
    ]  # fmt: skip
    one = json.loads(command("log", "1", "--json"))
    for each in (listed, planned, rehearsed, one):
        assert each["people"] == {"lea": "Lea Lind"}
    for which in ("plan", "test"):
        assert "Lea Lind" in command(which, "give-it", "--alert", "1")
        assert not re.search(r"\blea\b", command(which, "give-it", "--alert", "1"))


def _refused(command, *arguments):
    with pytest.raises(AssertionError) as refused:
        command(*arguments)
    return str(refused.value)


def test_what_is_denied_is_not_done(command):
    command("run", "mute-it", "--alert", "1", "--by", "ada")
    assert "denied by ben" in command("deny", "1", "--by", "ben", "--note", "not at night")
    found = log_of(command, 1)
    assert found["state"] == "cancelled"
    assert "not at night" in found["reason"]


def test_a_tick_starts_what_alerts_ask_for_in_shadow(command):
    done = json.loads(command("tick", "--json"))
    assert done["decided"] == {"shadow": 4}
    assert json.loads(command("tick", "--json"))["moved"] == 0
    assert command("tick").splitlines() == ["Alerts: nothing new", "Executions: 0 moved, none ended"]


def test_what_is_paused_or_switched_off_starts_nothing_until_it_may_go_on(command):
    command("tick")
    command("pause", "mute-it", "--note", "wrong team", "--by", "ada")
    assert "mute-it is paused" in _standing(command)
    command("resume", "mute-it")
    command("off", "--note", "the helpdesk is being moved", "--by", "ada")
    assert "All playbooks are off" in _standing(command)
    command("on")
    assert _standing(command) == []


def _standing(command):
    held = json.loads(command("log", "--json"))["switches"]
    words = {"all": "All playbooks are off", "paused": "{name} is paused"}
    return [words[row["scope"]].format(**row) for row in held]


def test_an_execution_that_waits_is_cancelled(command):
    command("run", "wait-for-it", "--alert", "1", "--by", "ada")
    assert log_of(command, 1)["state"] == "waiting"
    command("cancel", "1", "--note", "done by hand", "--by", "ada")
    found = log_of(command, 1)
    assert (found["state"], found["reason"]) == ("cancelled", "cancelled by ada: done by hand")
