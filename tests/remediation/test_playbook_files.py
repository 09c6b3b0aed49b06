"""Playbooks are read from the package and a folder; each trouble names file, line and remedy."""

import json

import pytest

from opsguard_assets.config.features import FEATURE_NAMES
from opsguard_assets.config.load import ConfigError
from opsguard_assets.config.remediation import Remediation
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.remediation.playbook.lint import Surroundings, lint
from opsguard_assets.remediation.playbook.load_io import library, parsed, ready_texts
from opsguard_assets.remediation.playbook.schema import json_schema
from opsguard_assets.remediation.playbook.steps import ACTIONS
from tests.house import ROOT

AROUND = Surroundings(types=tuple(ALERT_TYPES), teams=("noc",), features=FEATURE_NAMES)
TOLD = "on_failure:\n  - {do: notify, text: it failed}\n"


def written(text, name="own.yaml"):
    return parsed(text, name)


def words_about(*texts, around=AROUND):
    held = {each.playbook.playbook: each for each in map(written, texts)}
    found = lint([each.playbook for each in held.values()], around)
    return [f"{each.severity} {held[each.playbook].at(each.place, each.words)}" for each in found]


def one(steps, *, name="own", when="{type: device_silent}", more=TOLD):
    return f"playbook: {name}\ntitle: Own\ntrigger:\n  when: {when}\n{more}steps:\n{steps}"


def test_every_ready_playbook_is_named_like_its_file_and_has_nothing_wrong():
    held = library(Remediation(), None)
    assert not held.problems
    assert list(held.playbooks) == list(ready_texts())
    assert len(held.playbooks) == 10
    assert not lint([each.playbook for each in held.playbooks.values()], AROUND)


def test_settings_choose_among_the_ready_ones_and_a_wrong_name_is_said():
    held = library(Remediation(ready=("no-show", "no-such")), None)
    assert list(held.playbooks) == ["no-show"]
    assert "no-such" in held.problems[0]


def test_a_file_of_the_folder_replaces_the_ready_playbook_and_a_broken_one_stops_only_itself(tmp_path):
    folder = tmp_path / "a folder" / "playbooks"
    folder.mkdir(parents=True)
    (folder / "mine.yml").write_text(one("  - {do: notify, text: hi}\n", name="no-show"))
    (folder / "broken.yaml").write_text(one("  - {do: notify, text: hi, tx: 1}\n", name="broken"))
    held = library(Remediation(), folder.parent / "opsguard.yaml")
    assert held.playbooks["no-show"].playbook.title == "Own"
    assert not held.playbooks["no-show"].is_ready
    assert len(held.playbooks) == 10
    (problem,) = held.problems
    assert problem.startswith(f"{folder / 'broken.yaml'}:8: steps.0.tx: this key is not known")


def test_two_files_of_one_name_are_a_problem(tmp_path):
    (tmp_path / "playbooks").mkdir()
    for name in ("a", "b"):
        (tmp_path / "playbooks" / f"{name}.yaml").write_text(one("  - {do: notify, text: hi}\n"))
    held = library(Remediation(), tmp_path / "opsguard.yaml")
    assert "rename one of them" in held.problems[0]


@pytest.mark.parametrize("text", ["", "- a list", "playbook: [", "playbook: own"])
def test_what_is_no_playbook_names_its_file_and_line(text):
    with pytest.raises(ConfigError, match=r"own\.yaml:\d+"):
        written(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (one("  - {do: notify, text: hi}\n", when="{all: [{type: a}, {type: b}]}"), "error own.yaml:4: trigger.when"),
        (one("  - {do: webhook, to: crm}\n"), "nobody is asked before it"),
        (one("  - {do: webhook, to: crm}\n"), "`remediation.webhooks` has no crm"),
        (one("  - {do: webhook, to: x}\n", more="approval: {required: one}\n" + TOLD), "`max_autonomy` is alone"),
        (one("  - {do: wait_for, condition: alert_cleared, within_minutes: 2000}\n"), "may take 2000 minutes"),
        (one("  - {do: notify, team: ghosts, text: hi}\n"), "no team ghosts"),
        (one("  - {do: notify, to: [lead], team: noc, text: hi}\n"), "nobody leads noc"),
        (one("  - {do: resolve_alert}\n  - {do: notify, text: hi}\n"), "the alert is resolved before this step"),
        (one("  - {do: notify, text: hi}\n", more=""), "without anybody being told"),
    ],
)  # fmt: skip
def test_lint_says_what_is_wrong_and_where(text, expected):
    assert any(expected in words for words in words_about(text)), words_about(text)


def test_two_playbooks_that_change_the_same_about_the_same_alert_are_named():
    texts = [one("  - {do: assign}\n", name=name) for name in ("a", "b")]
    assert any("also changes the assignee" in words for words in words_about(*texts))
    apart = one("  - {do: assign}\n", name="b", when="{type: no_show}")
    assert not words_about(texts[0], apart)


def test_a_step_above_every_plan_is_named():
    around = Surroundings(features=("alerts_basic",))
    assert any(
        "needs playbooks_basic (plan silver)" in words
        for words in words_about(one("  - {do: assign}\n"), around=around)
    )


@pytest.mark.parametrize(
    ("step", "setting"),
    [
        ("{do: create_work_order, title: x, category: plumbing}", "remediation.work_orders"),
        ("{do: create_ticket, title: x}", "ticket_system.create"),
    ],
)
def test_a_step_that_the_settings_leave_no_way_out_is_named(step, setting):
    shut = Surroundings(takes_orders=False, opens_tickets=False)
    assert any(setting in words for words in words_about(one(f"  - {step}\n"), around=shut))
    assert not any(setting in words for words in words_about(one(f"  - {step}\n")))


def test_the_schema_in_docs_is_current():
    assert json.loads((ROOT / "docs/playbook.schema.json").read_text()) == json_schema(), (
        "run `opsguard playbook schema > docs/playbook.schema.json`"
    )


def test_docs_tell_what_every_action_declares_and_every_ready_playbook():
    page = (ROOT / "docs/playbooks.md").read_text()
    for name, kind in ACTIONS.items():
        trait = kind.trait
        acts = "yes" if trait.acts else "no"
        assert f"| `{name}` | {acts} | {trait.undo or trait.reversal.value} | {trait.plan} |" in page
    assert all(f"| `{name}` |" in page for name in ready_texts())
