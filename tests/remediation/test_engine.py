"""An execution goes from alert to end: its steps once each and in order, its waits as rows, its deadlines judged."""

import json
from datetime import timedelta

import pytest

from opsguard_assets.alerts import people
from opsguard_assets.alerts.people import ActionError
from opsguard_assets.remediation.actions.action import Change, Result, StepState
from opsguard_assets.remediation.engine import people_io
from opsguard_assets.remediation.engine.claim_io import next_due, standing_of
from resources.answers import Outcome
from tests.remediation.engines import HOOK, NOTE, WAIT, Writes

ONE = {"required": "one"}
LAST = {**NOTE, "name": "last"}


def acknowledge(engine, entity="D1"):
    (row,) = engine.rows("SELECT alert_id FROM alerts WHERE entity_id = :entity", entity=entity)
    people.acknowledge(engine.database, row["alert_id"], at=engine.clock(), actor="ada")


def test_the_steps_of_a_playbook_are_done_once_and_in_order(engine):
    engine.use({**NOTE, "name": "first"}, {**NOTE, "name": "second"})
    engine.goes("D1")
    engine.advanced()
    assert engine.states() == ["succeeded"]
    assert engine.steps() == [("steps", "first", "done"), ("steps", "second", "done")]
    assert [key.rpartition("/")[2] for key in engine.things()] == ["0", "1"]


def test_what_was_done_is_what_was_planned_and_both_are_kept(engine):
    engine.use(NOTE)
    engine.goes("D1")
    (row,) = engine.rows("SELECT input, output FROM execution_steps")
    assert row["input"]["plan"]["changes"] == row["output"]["changes"] != []


def test_a_step_waits_without_a_worker_until_its_condition_holds(engine):
    engine.use(WAIT, LAST)
    engine.goes("D1")
    assert (engine.states(), engine.things()) == (["waiting"], [])
    assert next_due(engine.database, [], engine.clock()) == engine.clock() + timedelta(seconds=60)
    acknowledge(engine)
    engine.clock.passes(seconds=60)
    engine.advanced()
    assert (engine.states(), len(engine.things())) == (["succeeded"], 1)


def test_a_condition_that_is_not_met_in_time_has_failed_and_what_follows_is_done(engine):
    engine.use({**WAIT, "within_minutes": 10}, LAST, on_failure=[{**NOTE, "name": "tell"}])
    engine.goes("D1")
    engine.clock.passes(minutes=10)
    engine.advanced()
    (row,) = engine.executions()
    assert (row["state"], row["reason"]) == (
        "failed",
        "wait_for-1: waits until somebody has taken the alert: it did not happen in time",
    )
    assert engine.steps() == [("steps", "wait_for-1", "failed"), ("on_failure", "tell", "done")]


def test_a_step_that_certainly_failed_is_tried_again_as_often_as_it_says(engine):
    engine.use({**NOTE, "retries": 2}, LAST)
    engine.writes.fails = 2
    engine.goes("D1")
    for seconds in (30, 60):
        assert engine.states() == ["waiting"]
        engine.clock.passes(seconds=seconds)
        engine.advanced()
    assert engine.states() == ["succeeded"]
    assert engine.rows("SELECT attempts FROM execution_steps WHERE step = 0") == [{"attempts": 3}]


def test_a_playbook_may_go_on_after_a_step_that_failed_and_ends_as_partial(engine):
    engine.use({**NOTE, "on_failure": "continue"}, LAST)
    engine.writes.fails = 1
    engine.goes("D1")
    assert (engine.states(), len(engine.things())) == (["partial"], 1)


def test_an_execution_that_has_not_ended_in_its_time_has_failed_and_says_so(engine):
    engine.use({**WAIT, "within_minutes": 300}, timeout_minutes=20, on_failure=[NOTE])
    engine.goes("D1")
    engine.clock.passes(minutes=21)
    engine.advanced()
    assert engine.states() == ["failed"]
    assert len(engine.things()) == 1


def test_what_nobody_looked_at_for_days_does_nothing_any_more(engine):
    engine.use({**WAIT, "within_minutes": 10}, timeout_minutes=20, on_failure=[NOTE])
    engine.goes("D1")
    engine.clock.passes(days=3)
    engine.advanced()
    assert (engine.states(), engine.things()) == (["failed"], [])


def agreed(engine, *steps, **more):
    """An execution of which everything is approved already, up to its first side effect."""
    engine.use(*steps, approval=ONE, **more)
    engine.goes("D1")
    engine.change("UPDATE approvals SET decision = 'approved', decided_at = :now", now=engine.clock())
    engine.change("UPDATE executions SET due_at = :now", now=engine.clock())
    return engine.advanced()


def test_a_side_effect_outside_is_handed_over_once_and_the_step_ends_with_it(engine):
    done = agreed(engine, HOOK, LAST)
    assert (engine.states(), done.settled) == (["succeeded"], {"done": 1})
    assert len(engine.other.got) == 1


def test_what_was_not_reached_is_tried_again_and_a_refusal_fails_the_step(engine):
    engine.other.answers = [Outcome.NOT_REACHED, Outcome.FAILED]
    agreed(engine, HOOK, LAST)
    assert engine.states() == ["waiting"]
    engine.clock.passes(minutes=1)
    engine.advanced()
    assert engine.states() == ["failed"]
    assert engine.steps() == [("steps", "webhook-1", "failed")]


def test_where_nobody_can_tell_whether_it_happened_a_person_says_so_and_it_goes_on(engine):
    engine.other.answers = [Outcome.UNKNOWN]
    agreed(engine, HOOK, LAST)
    assert engine.states() == ["unknown"]
    assert standing_of(engine.database, engine.clock()).in_doubt == 1
    done = people_io.resolve_unknown(
        engine.database, engine.world.settings, 1, happened=True, actor="ada", note="seen", now=engine.clock()
    )
    assert done.words == "Step webhook-1 of execution 1 happened; it goes on."
    engine.clock.passes(minutes=1)
    engine.advanced()
    assert (engine.states(), len(engine.other.got)) == (["succeeded"], 1)


def test_a_person_who_says_that_it_did_not_happen_fails_the_step(engine):
    engine.other.answers = [Outcome.UNKNOWN]
    agreed(engine, HOOK, LAST)
    people_io.resolve_unknown(
        engine.database, engine.world.settings, 1, happened=False, actor="ada", note="no", now=engine.clock()
    )
    engine.clock.passes(minutes=1)
    engine.advanced()
    assert (engine.states(), engine.things()) == (["failed"], [])


def test_while_a_run_by_hand_is_in_doubt_no_other_one_begins_and_it_goes_on_once_that_is_known(engine):
    made = engine.use({**HOOK, "approval": {"required": "none"}})
    engine.other.answers = [Outcome.UNKNOWN]
    engine.alert("D1")
    run = {"actor": "ada", "now": engine.clock()}
    people_io.run(engine.world, [made], "quick-fix", 1, **run)
    engine.change("UPDATE executions SET mode = 'alone'")
    engine.advanced()
    engine.change("UPDATE approvals SET decision = 'approved', decided_at = :now", now=engine.clock())
    engine.change("UPDATE executions SET due_at = :now", now=engine.clock())
    engine.advanced()
    assert engine.states() == ["unknown"]
    again = people_io.run(engine.world, [made], "quick-fix", 1, **run)
    assert (again.execution_id, again.is_new) == (None, False)
    assert again.words == (
        "Execution 1 of quick-fix about alert 1 is in doubt; "
        "`opsguard playbook resolve-unknown 1` says whether its step happened."
    )
    settings = engine.world.settings
    people_io.resolve_unknown(engine.database, settings, 1, happened=True, actor="ada", note="seen", now=engine.clock())
    engine.clock.passes(minutes=1)
    engine.advanced()
    assert engine.states() == ["succeeded"]
    assert people_io.run(engine.world, [made], "quick-fix", 1, **run).is_new


def test_a_step_whose_time_is_over_takes_back_what_was_not_handed_over(engine):
    engine.other.answers = [Outcome.NOT_REACHED] * 9
    agreed(engine, {**HOOK, "timeout_minutes": 5})
    engine.clock.passes(minutes=6)
    engine.advanced()
    assert engine.states() == ["failed"]
    assert engine.rows("SELECT state FROM effects WHERE kind = 'remediation'") == [{"state": "superseded"}]
    assert engine.other.got == []


def test_a_step_whose_time_is_over_is_not_tried_again(engine):
    engine.other.answers = [Outcome.NOT_REACHED] * 9
    agreed(engine, {**HOOK, "timeout_minutes": 5, "retries": 1})
    engine.clock.passes(minutes=6)
    engine.advanced()
    assert engine.states() == ["failed"]


def test_a_step_that_raises_an_error_stops_no_other_and_ends_with_its_time(engine):
    engine.use({**NOTE, "name": "broken"}, timeout_minutes=10)
    engine.use(LAST, name="sound")
    engine.catalog["notify"] = Broken(engine.writes)
    done = engine.goes("D1")
    assert engine.states() == ["running", "succeeded"]
    assert done.errors == ["execution 1 of quick-fix: ZeroDivisionError: the plan is broken"]
    engine.clock.passes(minutes=11)
    assert engine.advanced().errors == []
    assert engine.states() == ["failed", "succeeded"]


class Broken:
    """An action that cannot plan the step `broken`."""

    def __init__(self, sound):
        self._sound, self.act = sound, sound.act

    def plan(self, world, step, situation):
        if step.name == "broken":
            raise ZeroDivisionError("the plan is broken")
        return self._sound.plan(world, step, situation)


def test_undo_takes_back_the_last_step_first_and_leaves_what_is_final(engine):
    agreed(engine, {**NOTE, "name": "first"}, HOOK, LAST)
    assert engine.states() == ["succeeded"]
    done = people_io.undo(engine.database, engine.world.settings, 1, actor="ada", now=engine.clock())
    assert done.execution_id == 2
    engine.advanced()
    assert engine.states() == ["succeeded", "succeeded"]
    assert engine.steps(2) == [
        ("undo", "undo last", "done"), ("undo", "undo webhook-2", "skipped"), ("undo", "undo first", "done")
    ]  # fmt: skip
    again = people_io.undo(engine.database, engine.world.settings, 1, actor="ben", now=engine.clock())
    assert (again.is_new, again.execution_id) == (False, 2)


def test_nothing_is_undone_while_a_step_may_still_turn_out_to_be_done(engine):
    engine.other.answers = [Outcome.UNKNOWN]
    agreed(engine, {**NOTE, "name": "first"}, HOOK, LAST)
    who = {"actor": "ada", "now": engine.clock()}
    settings = engine.world.settings
    for state in ("unknown", "cancelled"):
        engine.change("UPDATE executions SET state = :state", state=state)
        with pytest.raises(ActionError, match="Step webhook-2 of execution 1 has not ended yet"):
            people_io.undo(engine.database, settings, 1, **who)
    people_io.resolve_unknown(engine.database, settings, 1, happened=True, note="seen", **who)
    assert engine.states() == ["cancelled"]
    assert people_io.undo(engine.database, settings, 1, **who).is_new
    engine.advanced()
    assert engine.steps(2) == [("undo", "undo webhook-2", "skipped"), ("undo", "undo first", "done")]


def test_what_a_failed_step_had_changed_is_known_to_its_next_attempt_and_undone(engine):
    halves = engine.catalog["notify"] = Halves()
    engine.use({**NOTE, "retries": 2})
    engine.goes("D1")
    for _ in range(2):
        engine.clock.passes(minutes=2)
        engine.advanced()
    half = {"half": "first", "changes": [vars(Change("a thing", "half", None, "done"))]}
    assert (engine.states(), halves.left) == (["failed"], [None, half, half])
    assert engine.rows("SELECT output FROM execution_steps") == [{"output": half}]
    people_io.undo(engine.database, engine.world.settings, 1, actor="ada", now=engine.clock())
    engine.advanced()
    assert engine.steps(2) == [("undo", "undo notify-1", "done")]


class Halves(Writes):
    """An action that does half of it at its first attempt, and nothing afterwards."""

    def __init__(self):
        self.left = []

    def act(self, connection, step, situation, plan):  # noqa: ARG002 - what an action is given
        self.left.append(situation.left)
        if situation.left is not None:
            return Result(state=StepState.FAILED, words="it did not work")
        changes = [Change("a thing", "half", None, "done")]
        return Result(state=StepState.FAILED, words="half of it", output={"half": "first"}, changes=changes)


def test_a_person_cancels_between_two_steps_and_what_was_open_ends_with_it(engine):
    engine.use(NOTE, WAIT, LAST)
    engine.goes("D1")
    done = people_io.cancel(engine.database, engine.world.settings, 1, actor="ada", note="no need", now=engine.clock())
    assert done.is_new
    engine.clock.passes(hours=2)
    engine.advanced()
    assert (engine.states(), len(engine.things())) == (["cancelled"], 1)
    assert engine.steps()[1] == ("steps", "wait_for-2", "skipped")
    again = people_io.cancel(engine.database, engine.world.settings, 1, actor="ada", note="", now=engine.clock())
    assert (again.is_new, again.words) == (
        False, "Execution 1 is already over: cancelled: cancelled by ada: no need"
    )  # fmt: skip


def test_cancelling_ends_the_question_that_was_open(engine):
    engine.use(NOTE, approval=ONE)
    engine.goes("D1")
    people_io.cancel(engine.database, engine.world.settings, 1, actor="ada", note="no", now=engine.clock())
    assert engine.approvals()[0]["decision"] == "cancelled"


def test_a_shadow_plans_every_step_and_writes_nothing(engine):
    engine.use({**NOTE, "name": "first"}, WAIT, HOOK, mode="shadow")
    engine.goes("D1")
    (row,) = engine.executions()
    assert (row["state"], row["mode"], engine.things(), engine.approvals()) == ("succeeded", "shadow", [], [])
    assert [state for _, _, state in engine.steps()] == ["skipped"] * 3
    (first,) = engine.rows("SELECT words, output FROM execution_steps WHERE step = 0")
    assert first["words"].startswith("would: write quick-fix/")
    assert first["output"]["changes"]
    assert engine.rows("SELECT * FROM effects") == []


def test_an_incident_that_was_given_before_its_execution_was_cancelled_can_be_taken_back(engine):
    engine.use(WAIT)
    engine.goes("D1")
    part, rest = ({"what": "incident 1", "attribute": name, "before": None, "after": "ada"} for name in ("owner", "x"))
    given = json.dumps({"incident": {"incident_id": 1, "before": None}, "changes": [part, rest]})
    engine.change("UPDATE execution_steps SET output = CAST(:given AS jsonb)", given=given)
    number = engine.executions()[0]["execution_id"]
    people_io.cancel(engine.database, engine.world.settings, number, actor="ada", note="no", now=engine.clock())
    (step,) = engine.rows("SELECT state, output FROM execution_steps")
    assert (step["state"], step["output"]["changes"]) == ("failed", [part])
