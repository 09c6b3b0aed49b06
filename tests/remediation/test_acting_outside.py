"""What steps do outside happens once, is what their plan said, and is taken back where nobody changed it since."""

import json
from datetime import timedelta

import pytest

from opsguard_assets.remediation.actions.action import Change, StepState
from opsguard_assets.remediation.actions.adapters_io import adapters_of
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.engine import advance_io, people_io
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.steps import ACTIONS
from tests.alerts.given import NOON
from tests.remediation.desk import SECRETS, lived, undone_in
from tests.remediation.given import step_of

STEPS = {
    "notify": ({"to": ["on_duty", "client"], "text": "{what} at {site}"}, "device"),
    "assign": ({}, "ticket"),
    "collect_diagnostics": ({}, "device"),
    "create_ticket": ({"title": "Look at {entity}", "priority": "high"}, "device"),
    "escalate": ({}, "ticket"),
    "resolve_alert": ({"unseen": True}, "device"),
    "mute": ({"minutes": 60, "reason": "noise"}, "device"),
    "webhook": ({"to": "crm", "text": "call {client} about {what}"}, "device"),
    "create_work_order": ({"title": "Mend {entity}", "category": "plumbing"}, "device"),
    "reboot_device": ({"command": "restart"}, "site"),
}


TRIGGER = {"when": {"type": "sla_breach_risk"}}


def step(name, **more):
    return step_of(do=name, **{**STEPS[name][0], **more})


def test_every_action_that_may_be_written_is_in_the_catalogue_and_here():
    # The others are in `test_conditions` and `test_offers`.
    assert set(STEPS) | {"wait_for", "suggest_substitute", "offer_shift"} == set(CATALOG) == set(ACTIONS)


def test_what_is_done_is_what_was_planned(at):
    for name, (_, about) in STEPS.items():
        plan, result, _ = lived(at, step(name), at.alerts[about], number=len(at.rows("SELECT 1 FROM executions")))
        assert (name, result.state) == (name, StepState.DONE), result.words
        assert list(result.changes) == list(plan.changes), name
        if name not in {"notify", "collect_diagnostics"}:
            assert plan.changes, name


def test_a_webhook_is_called_once_and_signed(at):
    _, result, where = lived(at, step("webhook"), at.alerts["device"])
    assert result.words == "call crm: call C1 about Trouble D1: HTTP 200"
    (said,) = at.crm.done
    assert said["type"] == "opsguard.playbook"
    assert said["data"]["text"] == "call C1 about Trouble D1"
    assert said["data"]["alert"]["alert_id"] == where.alert["alert_id"]
    assert undone_in(at, step("webhook"), where, result).state is StepState.SKIPPED
    assert len(at.crm.requests) == 1


def test_where_the_receiver_gave_no_answer_nobody_pretends_to_know(at):
    at.crm.orders.append("cut")
    _, result, _ = lived(at, step("webhook"), at.alerts["device"])
    assert result.state is StepState.UNKNOWN
    assert "did not answer" in result.words
    assert len(at.crm.requests) == 1, "it is not called again: it may not compare keys"


def test_what_is_refused_has_failed_with_the_answer(at):
    at.crm.orders.append(422)
    _, result, _ = lived(at, step("webhook"), at.alerts["device"])
    assert (result.state, result.words, result.changes) == (
        StepState.FAILED, "call crm: call C1 about Trouble D1: HTTP 422", (),
    )  # fmt: skip


@pytest.mark.parametrize(("about", "device"), [("device", "D1"), ("site", "G1")])
def test_a_command_restarts_the_device_or_the_gateway_of_the_site(at, about, device):
    _, result, _ = lived(at, step("reboot_device"), at.alerts[about])
    assert result.state is StepState.DONE
    assert [(each["data"]["command"], each["data"]["device_id"]) for each in at.restart.done] == [("restart", device)]
    plan, result, _ = lived(at, step("reboot_device"), at.alerts["ticket"])
    assert (plan.is_possible, result.state) == (False, StepState.FAILED)


def test_an_order_goes_to_the_vendor_that_did_such_jobs_there_and_undo_cancels_it(at):
    plan, result, where = lived(at, step("create_work_order"), at.alerts["device"])
    assert plan.words == "order of V2, due in 24 hours: Mend D1"
    undone_in(at, step("create_work_order"), where, result)
    ordered, cancelled = at.orders.done
    assert (ordered["type"], cancelled["type"]) == ("opsguard.work_order", "opsguard.work_order_cancelled")
    assert ordered["data"]["reference"] == cancelled["data"]["reference"] == result.output["reference"]


def test_a_ticket_is_opened_in_the_helpdesk_and_undo_cancels_it_unless_somebody_works_on_it(at):
    opening = step("create_ticket", team="iot-specialists")
    for worked_on in (False, True):
        plan, result, where = lived(at, opening, at.alerts["device"])
        (number,) = at.desk.rows("SELECT max(id) FROM tickets")[0]
        assert result.words == f"{plan.words}: ticket {number} was opened"
        assert at.desk.rows(f"SELECT title, team, priority FROM tickets WHERE id = {number}") == [
            ("Look at D1", "R0-iot", "P2")
        ]
        if worked_on:
            at.desk.do(f"UPDATE tickets SET assignee = 'eve' WHERE id = {number}")
        back = undone_in(at, opening, where, result)
        assert back.state is (StepState.FAILED if worked_on else StepState.DONE)
        assert at.ticket(number)[2] == ("open" if worked_on else "cancelled")


def test_an_unassigned_ticket_is_given_to_the_least_loaded_on_duty_who_is_told_and_undo_takes_it_back(at):
    giving, row = step("assign"), at.alerts["ticket"]
    plan, result, where = lived(at, giving, row)
    incident = f"incident {row['incident_id']}"
    assert plan.words == f"give {incident} and ticket 1 to Bo, the least loaded of 2 on duty in R0-iot"
    assert list(plan.changes) == [Change(incident, "owner", None, "bo"), Change("ticket 1", "assignee", None, "bo")]
    assert at.ticket(1) == ("P3", "bo", "open")
    assert owner(at, row) == "bo"
    assert [(to, words) for to, words, _ in at.messages()] == [("UBO", "Trouble 1. It was given to you by quick-fix.")]
    assert undone_in(at, giving, where, result).state is StepState.DONE
    assert (at.ticket(1), owner(at, row)) == (("P3", None, "open"), None)
    assert at.messages()[-1][1] == "Trouble 1. It is no longer yours: quick-fix was undone."


def test_whoever_changed_the_ticket_meanwhile_has_the_last_word(at):
    giving, row = step("assign"), at.alerts["ticket"]
    at.desk.do("UPDATE tickets SET assignee = 'eve' WHERE id = 1")
    _, result, _ = lived(at, giving, row)
    assert result.state is StepState.FAILED
    assert "somebody has changed it since" in result.words
    at.desk.do("UPDATE tickets SET assignee = NULL WHERE id = 1")
    with at.place.database.begin() as connection:
        connection.exec_driver_sql("UPDATE incidents SET owner_id = NULL")
    _, result, where = lived(at, giving, row)
    at.desk.do("UPDATE tickets SET assignee = 'eve' WHERE id = 1")
    assert undone_in(at, giving, where, result).state is StepState.FAILED
    assert at.ticket(1)[1] == "eve"


def test_nobody_is_given_what_they_have_or_what_would_not_relieve_anybody(at):
    _, first, _ = lived(at, step("assign", to="bo"), at.alerts["ticket"])
    assert first.state is StepState.DONE
    for to, why in (
        ("bo", "Bo has it already"),
        ("least_loaded", "has fewer open tickets than Bo"),
        ("x", "nobody active"),
    ):
        plan, result, _ = lived(at, step("assign", to=to), at.alerts["ticket"], number=1)
        assert (plan.is_possible, result.state) == (False, StepState.FAILED)
        assert why in plan.words


def test_an_alert_without_a_ticket_is_given_by_its_incident_alone(at):
    plan, result, _ = lived(at, step("assign", to="lena"), at.alerts["device"])
    assert (result.state, owner(at, at.alerts["device"])) == (StepState.DONE, "lena")
    assert len(plan.changes) == 1


def test_escalating_raises_the_ticket_and_tells_the_next_of_the_chain_and_undo_restores_the_priority(at):
    up, row = step("escalate"), at.alerts["ticket"]
    _, result, where = lived(at, up, row)
    assert (result.state, at.ticket(1)[0]) == (StepState.DONE, "P2")
    plan, _, _ = lived(at, up, row, number=1)
    assert plan.words.startswith("tell Lena by slack, the lead; raise ticket 1 from high")
    assert at.ticket(1)[0] == "P1"
    at.desk.do("UPDATE tickets SET priority = 'P2' WHERE id = 1")
    back = undone_in(at, up, where, result)
    assert (back.state, at.ticket(1)[0]) == (StepState.DONE, "P3")
    assert at.messages()[-1][:2] == ("USUE", "Taken back: Trouble 1")


def left_by(result):
    return {**result.output, "changes": [vars(change) for change in result.changes]}


def test_a_ticket_that_was_raised_although_nobody_was_reached_is_not_raised_again_and_undo_restores_it(at):
    up, row = step("escalate"), at.alerts["ticket"]
    first, result, where = lived(at, up, row, delivered="failed")
    assert (result.state, at.ticket(1)[0]) == (StepState.FAILED, "P2")
    assert list(result.changes) == [Change("ticket 1", "priority", "medium", "high")]
    again, second, later = lived(at, up, row, left=left_by(result))
    assert list(again.changes) == list(first.changes)
    assert (second.state, at.ticket(1)[0]) == (StepState.DONE, "P2")
    assert undone_in(at, up, later, second).state is StepState.DONE
    assert at.ticket(1)[0] == "P3"
    at.desk.do("UPDATE tickets SET priority = 'P2' WHERE id = 1")
    assert undone_in(at, up, where, result).state is StepState.DONE
    assert at.ticket(1)[0] == "P3"


def test_a_retry_raises_the_ticket_and_tells_nobody_again_where_the_message_had_arrived(at):
    steps = [{"do": "escalate", "retries": 1}]
    made = Playbook.model_validate({"playbook": "up", "title": "Up", "trigger": TRIGGER, "steps": steps})
    place, began = at.place, NOON + timedelta(minutes=5)
    people_io.run(place, [made], "up", at.alerts["ticket"]["alert_id"], actor="ada", now=began)
    with place.database.begin() as connection:
        connection.exec_driver_sql("UPDATE executions SET mode = 'alone'")
    advance_io.advance(place, [], now=lambda: began)
    at.deliver()
    with place.database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE effects SET state = 'failed', answer = 'refused', settled_at = now(), settled_by = 'test' "
            "WHERE kind = 'remediation'"
        )
    for minutes in (1, 2, 3):
        later = began + timedelta(minutes=minutes)
        advance_io.advance(
            place, adapters_of(place.settings, SECRETS, place.lake, place.database), now=lambda at=later: at
        )
    assert at.rows("SELECT state, attempts FROM execution_steps") == [{"state": "done", "attempts": 2}]
    assert (at.ticket(1)[0], [to for to, *_ in at.messages()]) == ("P2", ["USUE"])
    people_io.undo(place.database, place.settings, 1, actor="ada", now=later)
    advance_io.advance(place, adapters_of(place.settings, SECRETS, place.lake, place.database), now=lambda: later)
    assert (at.ticket(1)[0], at.messages()[-1][:2]) == ("P3", ("USUE", "Taken back: Trouble 1"))


def test_an_incident_that_was_given_although_the_ticket_was_not_is_given_once_and_undo_takes_it_back(at):
    giving, row = step("assign"), at.alerts["ticket"]
    incident = Change(f"incident {row['incident_id']}", "owner", None, "bo")
    at.desk.do("UPDATE tickets SET assignee = 'eve' WHERE id = 1")
    _, result, where = lived(at, giving, row)
    assert (result.state, list(result.changes)) == (StepState.FAILED, [incident])
    plan, _, _ = lived(at, giving, row, left=left_by(result))
    assert list(plan.changes) == [incident, Change("ticket 1", "assignee", None, "bo")]
    assert undone_in(at, giving, where, result).state is StepState.DONE
    assert (at.ticket(1)[1], owner(at, row)) == ("eve", None)


def test_who_was_told_of_a_ticket_that_was_refused_is_told_that_it_is_not_theirs(at):
    giving, row = step("assign"), {**at.alerts["ticket"], "incident_id": None}
    at.desk.do("UPDATE tickets SET assignee = 'eve' WHERE id = 1")
    _, result, where = lived(at, giving, row)
    assert (result.state, list(result.changes), result.did_part) == (StepState.FAILED, [], True)
    back = undone_in(at, giving, where, result)
    assert (back.state, back.words) == (StepState.DONE, "0 messages were taken back, 1 people are told of it")
    assert at.messages()[-1][:2] == ("UBO", "Trouble 1. It is no longer yours: quick-fix was undone.")


def test_a_change_of_the_ticket_that_is_not_settled_is_waited_for(at):
    with at.place.database.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO effects (kind, key, target, rank, payload, state, due_at, planned_at) VALUES "
            "('escalation', '1/1', 'sql', 0, '{\"ticket_id\": \"1\"}', 'planned', now(), now())"
        )
    plan, _, _ = lived(at, step("assign"), at.alerts["ticket"])
    assert plan.words == "what an earlier change of ticket 1 led to is not known yet"


def test_requests_hold_what_is_hostile_as_data(at):
    hostile = 'x"</script>\u202e{playbook}'
    row = {**at.alerts["device"], "title": hostile}
    lived(at, step("webhook"), row)
    body = json.loads(at.crm.requests[0][1])
    assert body["data"]["text"] == 'call C1 about x"</script>\ufffd{playbook}'


def owner(at, row):
    asked = "SELECT owner_id FROM incidents WHERE incident_id = :number"
    return at.rows(asked, number=row["incident_id"])[0]["owner_id"]
