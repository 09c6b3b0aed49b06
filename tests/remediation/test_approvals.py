"""People agree to what they were shown, once, in time; otherwise nothing is done."""

import json
import threading
from datetime import timedelta

import pytest

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.remediation.engine.approvals import covered, digest_of
from opsguard_assets.remediation.engine.approvals_io import decide
from opsguard_assets.remediation.playbook.gates import gate_of
from opsguard_assets.remediation.playbook.model import Playbook
from tests.remediation.engines import HOOK, NOTE, WAIT

ONE, TWO = {"required": "one"}, {"required": "two"}


@pytest.fixture
def asked(engine):
    """An execution that waits for one person."""
    engine.use(NOTE, approval=ONE)
    engine.goes("D1")
    return engine


def says(engine, person, *, agrees=True, number=None, note=""):
    number = number or engine.approvals()[-1]["approval_id"]
    return decide(
        engine.world, number, person, agrees, engine.clock(), surface="cli", note=note, catalog=engine.catalog
    )


def test_nothing_is_done_before_somebody_agrees_and_then_it_is(asked):
    assert (asked.states(), asked.things()) == (["awaiting_approval"], [])
    decision = says(asked, "ada")
    assert (decision.decision, decision.is_new) == ("approved", True)
    asked.advanced()
    assert asked.states() == ["succeeded"]
    assert len(asked.things()) == 1


def test_an_approval_shows_what_would_change_and_how_it_is_undone(asked):
    (entry,) = asked.approvals()[0]["plan"]
    assert entry["changes"] == [{"what": "the ledger", "attribute": "rows", "before": None, "after": "one more"}]
    assert entry["afterwards"] == "they are told that it was undone"


def test_a_second_click_shows_the_first_result_whatever_it_says(asked):
    says(asked, "ada")
    later = says(asked, "ben", agrees=False)
    assert (later.decision, later.is_new) == ("approved", False)
    assert "by ada" in later.words


def test_people_are_named_in_what_holds_now(asked):
    decision = says(asked, "lea")
    assert decision.words.startswith("Approval 1 is approved by Lea Lind at ")
    assert asked.approvals()[0]["decided_by"] == "lea", "the record has the identifier"


def test_two_who_decide_at_the_same_moment_meet_one_result(asked):
    found = []
    threads = [
        threading.Thread(target=lambda person=person, agrees=agrees: found.append(says(asked, person, agrees=agrees)))
        for person, agrees in (("ada", True), ("ben", False), ("lea", True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.is_new for each in found) == 1
    assert len({each.decision for each in found}) == 1


def test_who_denies_ends_it_and_the_reason_is_kept(asked):
    says(asked, "ben", agrees=False, note="not at night")
    asked.advanced()
    (row,) = asked.executions()
    assert (row["state"], row["reason"]) == ("cancelled", "denied by ben: not at night")
    assert asked.things() == []


def test_where_nobody_decides_in_time_it_is_denied_and_a_later_click_is_told(asked):
    asked.clock.passes(minutes=61)
    decision = says(asked, "ada")
    assert decision.decision == "expired"
    assert "nobody decided until" in decision.words
    asked.advanced()
    assert (asked.states(), asked.things()) == (["expired"], [])


def test_the_end_of_its_time_is_judged_without_any_click(asked):
    asked.clock.passes(minutes=61)
    asked.advanced()
    assert [asked.states(), [row["decision"] for row in asked.approvals()]] == [["expired"], ["expired"]]
    assert says(asked, "ada").decision == "expired"


def test_a_decision_wins_over_the_timer_that_fires_later(asked):
    asked.clock.passes(minutes=59)
    says(asked, "ada")
    asked.clock.passes(minutes=10)
    asked.advanced()
    assert asked.states() == ["succeeded"]


@pytest.mark.parametrize("person", ["eve", "", "ada'; --"])
def test_who_is_not_of_the_team_cannot_decide_and_learns_who_can(asked, person):
    with pytest.raises(ActionError, match=r"team iot-specialists decides: ada, ben, Lea Lind \(lea\)"):
        says(asked, person)
    assert asked.approvals()[0]["decision"] is None


def test_who_asked_for_it_does_not_agree_to_it_but_may_deny_it(asked):
    asked.change("UPDATE approvals SET requester = 'ada'")
    with pytest.raises(ActionError, match="somebody else has to agree"):
        says(asked, "ada")
    assert says(asked, "ada", agrees=False).decision == "denied"


def test_who_asked_for_it_may_agree_where_the_playbook_says_so(engine):
    engine.use(NOTE, approval={**ONE, "requester_may_approve": True})
    engine.goes("D1")
    engine.change("UPDATE approvals SET requester = 'ada'")
    assert says(engine, "ada").decision == "approved"


def test_where_two_are_needed_two_different_people_have_to_agree(engine):
    engine.use(NOTE, approval=TWO)
    engine.goes("D1")
    assert says(engine, "ada").decision is None
    assert says(engine, "ada").decision is None, "the same person counts once"
    engine.advanced()
    assert engine.things() == []
    assert says(engine, "lea").decision == "approved"
    engine.advanced()
    assert engine.states() == ["succeeded"]


def test_where_two_are_needed_one_who_denies_is_enough(engine):
    engine.use(NOTE, approval=TWO)
    engine.goes("D1")
    says(engine, "ada")
    assert says(engine, "ben", agrees=False).decision == "denied"


def test_who_agreed_may_still_deny_while_nothing_is_decided(engine):
    engine.use(NOTE, approval=TWO)
    engine.goes("D1")
    assert says(engine, "ada").vote == "approve"
    decision = says(engine, "ada", agrees=False, note="wrong device")
    assert (decision.decision, decision.vote, decision.is_new) == ("denied", "deny", True)
    later = says(engine, "ben")
    assert (later.decision, later.vote) == ("denied", None), "what comes too late counts as nobody's word"
    engine.advanced()
    (row,) = engine.executions()
    assert (row["reason"], engine.things()) == ("denied by ada: wrong device", [])


def test_who_denies_after_it_was_decided_changes_nothing_and_their_word_stays(engine):
    engine.use(NOTE, approval=TWO)
    engine.goes("D1")
    says(engine, "ada")
    says(engine, "ben")
    late = says(engine, "ada", agrees=False)
    assert (late.decision, late.vote, late.is_new) == ("approved", "approve", False)


def test_what_would_be_something_else_by_now_is_void_and_asked_again_once(asked):
    asked.writes.target = "another ledger"
    decision = says(asked, "ada")
    assert decision.decision == "void"
    assert "it would do something else now" in decision.words
    asked.advanced()
    assert asked.states() == ["awaiting_approval"]
    assert asked.approvals()[1]["plan"][0]["changes"][0]["what"] == "another ledger"
    asked.writes.target = "a third ledger"
    says(asked, "ada")
    asked.advanced()
    (row,) = asked.executions()
    assert (row["state"], asked.things()) == ("failed", [])
    assert "changed again" in row["reason"]


def test_what_changes_between_the_click_and_the_step_is_asked_again(asked):
    says(asked, "ada")
    asked.writes.target = "another ledger"
    asked.advanced()
    assert (asked.states(), asked.things()) == (["awaiting_approval"], [])


def test_a_playbook_that_changed_while_it_waited_is_followed_as_it_was(asked):
    asked.use({**NOTE, "name": "new"}, {**NOTE, "name": "newer"}, approval=ONE)
    says(asked, "ada")
    asked.advanced()
    assert asked.steps() == [("steps", "notify-1", "done")]


def test_what_was_asked_before_an_upgrade_to_a_version_with_more_parameters_is_agreed_to_after_it(asked):
    (entry,) = asked.approvals()[0]["plan"]
    del entry["parameters"]["retries"]
    entry["digest"] = digest_of([entry])
    asked.change("UPDATE playbook_versions SET content = content #- '{steps,0,retries}'")
    asked.change(
        "UPDATE approvals SET action_digest = :digest, plan = CAST(:plan AS jsonb)",
        digest=entry["digest"], plan=json.dumps([entry]),
    )  # fmt: skip
    assert says(asked, "ada").decision == "approved"
    asked.advanced()
    assert asked.states() == ["succeeded"]


def test_a_text_that_this_version_cannot_follow_ends_with_the_reason(asked):
    asked.change("UPDATE playbook_versions SET content = jsonb_set(content, '{steps,0,do}', '\"dance\"')")
    asked.clock.passes(minutes=61)
    asked.advanced()
    (row,) = asked.executions()
    assert row["state"] == "failed"
    assert "cannot follow the text" in row["reason"]


def test_a_step_that_reads_goes_before_the_approval_and_one_that_fails_needs_none(engine):
    wait = {**WAIT, "within_minutes": 5}
    engine.use(wait, NOTE, approval=ONE)
    engine.goes("D1")
    assert (engine.states(), engine.approvals()) == (["waiting"], [])
    engine.clock.passes(minutes=6)
    engine.advanced()
    assert (engine.states(), engine.approvals()) == (["failed"], [])


def playbook(*steps, **more):
    text = {"playbook": "p", "title": "P", "trigger": {"when": {"type": "t"}}, "steps": steps}
    return Playbook.model_validate({**text, **more})


@pytest.mark.parametrize(
    ("steps", "more", "mode", "places"),
    [
        ([NOTE], {}, "alone", [None]),
        ([NOTE], {}, "approval", ["playbook"]),
        ([NOTE, WAIT, HOOK], {"approval": ONE}, "alone", ["playbook", None, "playbook"]),
        ([NOTE, HOOK], {}, "alone", [None, 1]),
        ([{**NOTE, "approval": ONE}, HOOK, NOTE], {}, "alone", [0, 0, None]),
        ([{**WAIT, "approval": TWO}, NOTE], {"approval": ONE}, "alone", [0, "playbook"]),
    ],
    ids=["none", "mode", "playbook", "final", "dominated", "of a step that reads"],
)
def test_which_approval_a_step_needs(steps, more, mode, places):
    text = playbook(*steps, **more)
    gates = [gate_of(text, mode, ("steps", number)) for number in range(len(steps))]
    found = [gate and (gate.place[1] if gate.place else "playbook") for gate in gates]
    assert found == places


def test_an_approval_of_the_playbook_covers_what_is_done_on_failure_too():
    text = playbook(WAIT, NOTE, {**NOTE, "approval": ONE}, approval=ONE, on_failure=[NOTE])
    gate = gate_of(text, "alone", ("steps", 1))
    assert covered(text, "alone", gate, ("steps", 1)) == [("steps", 1), ("on_failure", 0)]


def test_its_time_is_that_of_the_text(engine):
    engine.use(NOTE, approval={**ONE, "expires_minutes": 15})
    engine.goes("D1")
    (row,) = engine.approvals()
    assert row["expires_at"] - row["asked_at"] == timedelta(minutes=15)
