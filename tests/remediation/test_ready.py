"""Each playbook that comes with OpsGuard is started by an alert of its kind, and all that it says can be done."""

from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import text

from opsguard_assets.alerts import people
from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.config.remediation import Remediation
from opsguard_assets.domains import ALERT_TYPES, alert_type
from opsguard_assets.incidents.io import group_alerts
from opsguard_assets.incidents.rules_io import context_of, rules_of
from opsguard_assets.remediation.actions.adapters_io import adapters_of
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.actions.offering import answer
from opsguard_assets.remediation.engine.advance_io import advance
from opsguard_assets.remediation.engine.approvals_io import decide
from opsguard_assets.remediation.engine.cases_io import case_of, plan_of
from opsguard_assets.remediation.engine.states import ON_FAILURE
from opsguard_assets.remediation.engine.triggers_io import trigger
from opsguard_assets.remediation.playbook.load_io import library, ready_texts
from tests.alerts.given import NOON
from tests.effects.trials import Clock
from tests.incidents.world import found, give_priority
from tests.remediation.desk import SECRETS, TEAM, provider, records
from tests.remediation.given import record

SHIFT = "R1@2026-03-02"
# By playbook, the alert that starts it; tickets and the silent site are apart, so that no incident is shared.
ALERTS = {
    "device-offline": found("D1"),
    "low-battery": found("D2", "low_battery_predicted"),
    "model-unavailable": found(
        "sla", "sla_model_unavailable", entity_type="model", client_id=None, site_id=None
    ),
    "no-show": found(SHIFT, "no_show", entity_type="shift", dedup_key=f"shift:{SHIFT}/gus"),
    "repeated-false-alarm": found("door 7", "door_open"),
    "site-down": found("S2", "site_silent", entity_type="site", site_id="S2"),
    "ticket-at-risk": found("2", "sla_breach_risk", entity_type="ticket", site_id="S3"),
    "unassigned-critical-ticket": found("1", "sla_breach_risk", entity_type="ticket", severity="critical"),
    "vendor-late": found("W1", "work_order_overdue", entity_type="work_order"),
    "water-leak": found("D3", "water_leak", severity="high"),
}  # fmt: skip
KINDS = tuple({row["alert_type"] for row in ALERTS.values()})
PLAYBOOKS = {name: each.playbook for name, each in library(Remediation(), None).playbooks.items()}


@pytest.fixture(scope="module")
def lived(databases, server, tmp_path_factory):
    """A provider about whom all these alerts were raised, and where everything happened that playbooks wait for."""
    database, folder = databases.migrated(), records(tmp_path_factory.mktemp("provider"))
    with provider(database, server, folder, remediation={"max_autonomy": "alone"}) as at:
        at.clock = Clock(NOON + timedelta(minutes=5))
        furnish(at)
        trigger(at.place, list(PLAYBOOKS.values()), now=at.clock())
        change(at, "UPDATE playbooks SET mode = 'alone'")
        look(at, 0)
        look(at, 1, without=["repeated-false-alarm"])
        look(at, 2)
        for row in at.rows("SELECT alert_id FROM alerts"):
            give_priority(database, row["alert_id"], 50)
        change(at, "UPDATE alert_transitions SET recorded_at = :moment", moment=at.clock())
        trigger(at.place, list(PLAYBOOKS.values()), now=at.clock())
        go_on(at, 4)
        help_comes(at)
        go_on(at, 3)
        yield at
    databases.drop(database)


def furnish(at):
    """What the provider of the tests lacks: two more sites, a team on duty for every kind, an entitled client."""
    lake = at.place.lake
    site = {"client_id": "C1", "name": "Depot", "timezone": "UTC", "supervisor_id": "sue"}
    record(lake, "sites", {**site, "site_id": "S2"}, {**site, "site_id": "S3"})
    record(lake, "devices", {"device_id": "G2", "site_id": "S2", "kind": "Gateway"})
    client = {"client_id": "C1", "name": "Acme", "plan": "gold", "timezone": "UTC", "soar_enabled": True}
    record(lake, "clients", {**client, "known_at": NOON}, loaded_at=NOON)
    teams = sorted({alert_type(kind).team for kind in KINDS} - {TEAM, "noc"})
    record(lake, "groups", *({"group_id": f"R0-{team}", "name": team, "lead_id": "lena"} for team in teams))
    members = [{"group_id": f"R0-{team}", "person_id": person} for team in teams for person in ("ana", "bo")]
    record(lake, "memberships", *members)
    at.desk.do("UPDATE tickets SET assignee = 'ana' WHERE id = 2")


def change(at, statement, **values):
    with at.place.database.begin() as connection:
        connection.execute(text(statement), values)


def look(at, minutes, without=()):
    """Monitors look: they find every alert but those of some playbooks."""
    rows = [row for name, row in ALERTS.items() if name not in without]
    place, moment = at.place, NOON + timedelta(minutes=minutes)
    settle(place.database, pl.DataFrame(rows, schema=FINDING), Monitor("tests", KINDS), moment)
    context = context_of(place.settings, ALERT_TYPES, place.lake, moment)
    group_alerts(place.database, context, rules_of(place.settings), at=moment)


def go_on(at, minutes):
    """Every minute the engine does what is due, who is asked agrees, and messages arrive."""
    place, clock = at.place, at.clock
    adapters = adapters_of(place.settings, SECRETS, place.lake, place.database)
    for _ in range(minutes):
        assert advance(place, adapters, now=clock).errors == []
        for row in at.rows("SELECT approval_id FROM approvals WHERE decision IS NULL"):
            decide(place, row["approval_id"], "ana", True, clock(), surface="cli")
        for row in at.rows("SELECT offer_id, person_id FROM shift_offers WHERE answer IS NULL"):
            answer(
                place.database,
                row["offer_id"],
                "yes",
                person_id=row["person_id"],
                at=clock(),
                surface="cli",
                travel=timedelta(),
            )
        at.deliver()
        clock.passes(minutes=1)


def help_comes(at):
    """Device and site report, the model scores, ticket and leak are taken up, the vendor names a date."""
    lake, now = at.place.lake, at.clock()
    known = {"loaded_at": now}
    record(lake, "telemetry", *({"device_id": each, "at": now, "known_at": now} for each in ("D1", "G2")), **known)
    ticket = {
        "ticket_id": "1", "client_id": "C1", "site_id": "S1", "group_id": "R0-iot", "priority": "medium",
        "status": "open", "opened_at": NOON - timedelta(hours=3), "first_response_at": now, "updated_at": now,
    }  # fmt: skip
    record(lake, "tickets", {**ticket, "known_at": now}, **known)
    order = {"work_order_id": "W1", "vendor_id": "V2", "site_id": "S1", "category": "Plumbing"}
    dated = {"created_at": NOON - timedelta(days=9), "accepted_at": now, "known_at": now}
    record(lake, "work_orders", {**order, **dated}, **known)
    (leak,) = at.rows("SELECT alert_id FROM alerts WHERE alert_type = 'water_leak'")
    people.acknowledge(at.place.database, leak["alert_id"], at=now, actor="ana")
    look(at, (now - NOON) / timedelta(minutes=1), without=["device-offline", "site-down", "model-unavailable"])


@pytest.mark.parametrize("name", ready_texts())
def test_it_starts_about_its_alert_alone_and_every_step_is_done(lived, name):
    decided = lived.rows(
        "SELECT a.dedup_key, d.decision FROM trigger_decisions AS d JOIN alerts AS a USING (alert_id) "
        "WHERE d.playbook = :name", name=name,
    )  # fmt: skip
    assert decided == [{"dedup_key": ALERTS[name]["dedup_key"], "decision": "started"}]
    (execution,) = lived.rows("SELECT execution_id, state, reason FROM executions WHERE playbook = :name", name=name)
    steps = lived.rows(
        "SELECT action, state, words FROM execution_steps WHERE execution_id = :number ORDER BY step",
        number=execution["execution_id"],
    )
    assert execution["state"] == "succeeded", (execution["reason"], steps)
    assert [(row["action"], row["state"]) for row in steps] == [(step.do, "done") for step in PLAYBOOKS[name].steps]


@pytest.mark.parametrize("name", ready_texts())
def test_what_it_does_where_a_step_failed_can_be_done(lived, name):
    (execution,) = lived.rows("SELECT execution_id FROM executions WHERE playbook = :name", name=name)
    with lived.place.database.begin() as connection:
        case = case_of(connection, execution["execution_id"], lived.place.settings)
    places = [(ON_FAILURE, number) for number, _ in enumerate(PLAYBOOKS[name].on_failure)]
    plans = [plan_of(lived.place, CATALOG, case, place, lived.clock()) for place in places]
    assert plans
    assert [plan.words for plan in plans if not plan.is_possible] == []
