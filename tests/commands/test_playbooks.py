"""`opsguard playbook` as people use it: on a real database and lake, through the command's own entry."""

import json

import pytest

from opsguard_assets.remediation.playbook.load_io import parsed, ready_texts
from opsguard_assets.remediation.playbook.schema import json_schema
from resources.lake import Lake
from tests.incidents.world import found, tick
from tests.remediation.given import record
from tests.remediation.recorded import executed, known, playbook

OWN = """
playbook: mute-it
title: "Mute <!channel> \u202e[red]it[/red]"
trigger: {when: {type: device_silent}}
limits: {cool_down_minutes: 30}
steps:
  - {do: mute, minutes: 60, reason: "looked at"}
  - {do: wait_for, condition: alert_cleared, within_minutes: 45}
on_failure:
  - {do: notify, text: "still silent"}
"""
CLIENT = {"client_id": "C1", "name": "Harbour", "plan": "bronze", "soar_enabled": True}


@pytest.fixture
def command(command_named, tmp_path):
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/mute-it.yaml").write_text(OWN)
    return command_named("playbook", timezone="UTC")


@pytest.fixture
def silent(command, database, tmp_path):
    """Two silent devices: D1 for an hour, D2 ten minutes and again after an hour."""
    record(Lake(str(tmp_path / "lake")), "clients", CLIENT)
    for minutes, devices in ((0, ["D1", "D2"]), (10, ["D1"]), (60, ["D2"]), (70, ["D2"])):
        tick(database, minutes, *(found(device) for device in devices))


def asked(command, *arguments, code=0):
    returned, out, err = command(*arguments, "--json")
    assert returned == code, err
    return json.loads(out)


def test_list_names_the_playbooks_in_use_and_a_broken_file_with_its_line(command, tmp_path):
    listed = {row["playbook"]: row for row in asked(command, "list")["playbooks"]}
    assert set(listed) == {*ready_texts(), "mute-it"}
    (tmp_path / "playbooks/broken.yaml").write_text("playbook: broken\nstep: []\n")
    answer = asked(command, "list", code=1)
    assert any("broken.yaml:2: step" in words for words in answer["problems"])
    _, out, err = command("list")
    assert "mute-it" in out
    assert "\u202e" not in out
    assert "[red]it[/red]" in out
    assert "broken.yaml:2" in err


def test_show_says_what_it_does_and_a_strange_name_is_refused(command):
    shown = asked(command, "show", "mute-it")
    assert [step["do"] for step in shown["playbook"]["steps"]] == ["mute", "wait_for"]
    assert command("show", "mute-it")[1].count("mute such alerts of this entity") == 1
    code, _, err = command("show", "no-such")
    assert code == 1
    assert "`opsguard playbook list`" in err


def test_lint_knows_the_plans_of_clients(command, silent):
    words = [row["words"] for row in asked(command, "lint", code=1)]
    assert any("mute-it.yaml:7: steps.0: mute needs playbooks_basic (plan silver)" in each for each in words)


def test_schema_prints_what_editors_read(command):
    _, out, _ = command("schema")
    assert json.loads(out) == json_schema()


def test_test_says_step_by_step_what_would_be_done_about_an_alert_now_and_does_nothing(command, database, silent):
    tick(database, 80, found("D2"))
    answer = asked(command, "test", "mute-it", "--alert", "2")
    assert [step["action"] for step in answer["steps"]] == ["mute", "wait_for", "notify"]
    muted = answer["steps"][0]["changes"]
    assert [(change["before"], change["after"]) for change in muted] != []
    assert answer["start"] == "only in shadow: it needs playbooks_basic (plan silver), C1 has bronze"
    changes = asked(command, "plan", "mute-it", "--alert", "2")["changes"]
    assert [{name: each[name] for name in ("what", "attribute")} for each in changes if each["step"] == 1] == [
        {name: each[name] for name in ("what", "attribute")} for each in muted
    ]
    _, out, _ = command("test", "mute-it", "--alert", "2")
    assert "Nothing was sent or recorded." in out
    with database.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM mutes").scalar_one() == 0
    assert "its trigger is not about this alert" in asked(command, "test", "no-show", "--alert", "2")["start"]
    code, _, err = command("test", "mute-it", "--alert", "77")
    assert code == 1
    assert "There is no alert 77" in err


@pytest.mark.parametrize(
    ("client", "why"),
    [
        ({"client_id": "C9"}, "`clients.soar_enabled` does not say that playbooks may act for C1"),
        ({"soar_enabled": None}, "`clients.soar_enabled` does not say that playbooks may act for C1"),
        ({"plan": None}, "it needs playbooks_basic (plan silver), C1 has no known one"),
    ],
)
def test_what_is_not_known_of_a_client_allows_nothing(command, database, tmp_path, client, why):
    record(Lake(str(tmp_path / "lake")), "clients", {**CLIENT, **client})
    tick(database, 0, found("D1"))
    assert asked(command, "test", "mute-it", "--alert", "1")["start"] == f"only in shadow: {why}"
    began = command("run", "mute-it", "--alert", "1")[1]
    assert f"It only shows what it would do: {why}." in began


def test_it_says_who_is_asked_about_what_follows_a_failure(command, silent, tmp_path):
    text_now = OWN.replace("playbook: mute-it", "playbook: wait-for-it\nmax_autonomy: approval")
    text_now = text_now.replace('  - {do: mute, minutes: 60, reason: "looked at"}\n', "")
    (tmp_path / "playbooks/wait-for-it.yaml").write_text(text_now)
    steps = asked(command, "test", "wait-for-it", "--alert", "2")["steps"]
    assert [(step["action"], step["approval"]) for step in steps] == [("wait_for", ""), ("notify", "one")]


def test_test_over_a_period_counts_what_it_would_have_done(command, silent):
    period = ("--from", "2026-03-02", "--to", "2026-03-03")
    answer = asked(command, "test", "mute-it", *period)
    assert {name: answer[name] for name in ("matched", "ran", "at_once", "messages", "approvals", "failed")} == {
        "matched": 3, "ran": 3, "at_once": 2, "messages": 2, "approvals": 0, "failed": 2,
    }  # fmt: skip
    assert [(run["opening"], run["end"]) for run in answer["runs"]] == [(1, "failed"), (1, "succeeded"), (2, "failed")]
    code, out, _ = command("test", "mute-it", *period)
    assert code == 0
    assert "would have run 3 times, at most 2 at once at one site and 2 at all sites, sent 2 messages, asked" in out
    assert asked(command, "test", "mute-it", "--from", "2026-02-01", "--to", "2026-03-01")["matched"] == 0
    assert command("test", "mute-it", "--from", "2026-03-03", "--to", "2026-03-02")[0] == 2
    assert command("test", "mute-it", "--alert", "2", *period)[0] == 2


def test_outcomes_say_what_was_achieved_and_what_to_automate_next(command, database, silent):
    known(database, playbook("mute-it"))
    executed(database, 1, "mute-it", acted="mute")
    tick(database, 80, found("D2"), found("P1", "coverage_gap"))
    answer = asked(command, "outcomes", "--as-of", "2026-03-05T12:00")
    (row,) = answer["by_playbook"]
    assert (row["playbook"], row["acted"], row["auto_resolved"], row["hours_saved"]) == ("mute-it", 1, 1, 0.125)
    assert answer["executions"][0]["verdict"] == "auto-resolved"
    assert [each["alert_type"] for each in answer["automate_next"]] == ["coverage_gap"]
    code, out, _ = command("outcomes", "--as-of", "2026-03-05T12:00")
    assert code == 0
    assert "playbooks acted once" in out
    assert "What to automate next" in out


def test_a_person_gives_a_playbook_a_mode_within_the_settings_and_it_is_said(command, database):
    code, _, err = command("mode", "mute-it", "approval", "--why", "we know it")
    assert (code, "begins in shadow" in err) == (1, True)
    held = parsed(OWN, "own").playbook
    known(database, held)
    assert command("mode", "mute-it", "approval", "--why", "we know it", "--by", "ada")[0] == 0
    shown = asked(command, "show", "mute-it")
    assert (shown["mode"]["mode"], shown["mode"]["mode_reason"]) == ("approval", "we know it")
    assert shown["modes"][0]["actor"] == "ada"
    listed = {row["playbook"]: row["mode"] for row in asked(command, "list")["playbooks"]}
    assert (listed["mute-it"], listed["no-show"]) == ("approval", "shadow")
    code, _, err = command("mode", "mute-it", "alone", "--why", "more")
    assert (code, "allow approval at most" in err) == (1, True)
    assert command("mode", "mute-it", "never", "--why", "x")[0] == 2
