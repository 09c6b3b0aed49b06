"""Every feature, for every plan, on every channel: what a client has not bought leaves the house nowhere."""

from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.suppression import suppress_outside_plan
from opsguard_assets.config.features import FEATURE_NAMES, FEATURES
from opsguard_assets.config.matching import Matcher
from opsguard_assets.config.plans import PLAN_NAMES
from opsguard_assets.config.routing import Routing
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.entitlements.entitled import SECTIONS, entitled_to_alerts, sections_held
from opsguard_assets.entitlements.io import entitlements_at, is_entitled
from opsguard_assets.incidents.grouping import ALERT
from opsguard_assets.incidents.io import described, group_alerts
from opsguard_assets.incidents.matching import matches
from opsguard_assets.incidents.rules_io import context_of, rules_of
from opsguard_assets.remediation.engine.entitled_io import not_entitled
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.steps import ACTIONS
from opsguard_assets.routing.frames import Rules
from opsguard_assets.routing.io import route
from opsguard_assets.routing.roster_io import roster_at
from opsguard_assets.tickets.escalation.inputs import with_withheld
from resources.lake import Lake
from tests.alerts.given import NOON, finding, frame
from tests.incidents.given import alert
from tests.remediation.given import record
from tests.routing.given import CHANNELS, roster, rows

TYPES = {name: each.feature for name, each in ALERT_TYPES.items() if each.feature}
STEPS = {
    "notify": {"do": "notify", "text": "x"},
    "assign": {"do": "assign"},
    "webhook": {"do": "webhook", "to": "crm"},
}
UNKNOWN = "unknown"
CLIENTS = (*PLAN_NAMES, UNKNOWN)


def holds(plan, feature):
    """By the list that is sold, written down here once more."""
    bronze = {"triage", "alerts_basic", "scorecard"}
    prevention = {"sla_prevention", "shift_compliance", "device_health", "vendor_performance"}
    silver = bronze | prevention | {"playbooks_basic"}
    gold = silver | {"remediation", "device_assurance", "priority_support"}
    # Without a known plan everything is told, and nothing is done.
    return (
        feature
        in {"bronze": bronze, "silver": silver, "gold": gold, UNKNOWN: gold - {"playbooks_basic", "remediation"}}[plan]
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    made = Lake(str(tmp_path_factory.mktemp("plans") / "lake"))
    clients = [
        {
            "client_id": name,
            "name": name,
            "plan": None if name == UNKNOWN else name,
            "timezone": "UTC",
            "soar_enabled": True,
        }
        for name in CLIENTS
    ]
    record(made, "clients", *clients, loaded_at=NOON)
    return made


@pytest.fixture(scope="module")
def held(lake):
    return entitlements_at(lake, Settings(), NOON)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_look_up_of_one_client(held, client):
    assert {f for f in FEATURE_NAMES if is_entitled(held, client, f)} == {f for f in FEATURES if holds(client, f)}
    assert all(is_entitled(held, None, feature) for feature in FEATURES)


@pytest.mark.parametrize("client", CLIENTS)
def test_alerts(held, client):
    found = frame(*(finding(kind, client_id=client, alert_type=kind) for kind in (*TYPES, "vendor_score_drop")))
    marked = suppress_outside_plan(found, entitled_to_alerts(found, held, TYPES))
    passing = set(marked.filter(pl.col("withheld").is_null())["alert_type"])
    assert passing == {kind for kind, feature in TYPES.items() if holds(client, feature)} | {"vendor_score_drop"}


@pytest.mark.parametrize("client", CLIENTS)
def test_messages_and_the_links_in_them(lake, database, client):
    """Alerts of every kind are there, as if raised by a greater plan: no message, and so no link, is planned."""
    kinds = tuple(TYPES)
    monitor = Monitor("tests", kinds)
    each = [
        finding(kind, "critical", client_id=client, alert_type=kind, dedup_key=kind, site_id=f"S-{kind}")
        for kind in kinds
    ]
    settle(database, pl.DataFrame(each, schema=FINDING), monitor, NOON)
    settings = Settings(routing={"group_by": ["client", "type"]})
    context = context_of(settings, ALERT_TYPES, lake, NOON)
    group_alerts(database, context, rules_of(settings), at=NOON)
    route(database, roster(plans=[(client, None)]), Rules(settings=Routing(), channels=CHANNELS), now=NOON)
    heard = rows(
        database,
        "SELECT DISTINCT a.alert_type FROM effects AS e JOIN notices AS n USING (effect_id) "
        "JOIN incident_alerts AS i ON i.incident_id = n.incident_id JOIN alerts AS a USING (alert_id)",
    )
    assert {row["alert_type"] for row in heard} == {kind for kind, feature in TYPES.items() if holds(client, feature)}


@pytest.mark.parametrize("client", CLIENTS)
def test_escalation(held, client):
    risk = pl.DataFrame({"ticket_id": ["T1"], "client_id": [client], "risk": [0.99]})
    (why,) = with_withheld(risk, held, Settings())["withheld"]
    assert (why is None) == holds(client, "sla_prevention")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("step", STEPS)
def test_playbooks(lake, client, step):
    given = {"playbook": "own", "title": "Own", "trigger": {"when": {"type": "device_silent"}}, "steps": [STEPS[step]]}
    why = not_entitled(lake, Settings(), Playbook.model_validate(given), client, NOON)
    feature = ACTIONS[step].trait.feature
    assert (why is None) == (client != UNKNOWN and holds(client, feature)), why


@pytest.mark.parametrize("client", CLIENTS)
def test_sections_of_the_scorecard(held, client):
    found = set(sections_held(held).filter(pl.col("client_id") == client)["section"])
    assert found == {section for section, feature in SECTIONS.items() if holds(client, feature)}


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("plan", PLAN_NAMES)
def test_one_exception_moves_one_feature_and_what_comes_with_it(lake, plan, feature):
    """Added to a client it is received on every channel, and removed on none; other clients see nothing of it."""
    usual = {f for f in FEATURES if holds(plan, f)}
    for change, expected in (
        ("add", usual | {feature, *FEATURES[feature].includes}),
        ("remove", usual - {feature}),
    ):
        settings = Settings(plans={"clients": {plan: {change: [feature]}}})
        now = entitlements_at(lake, settings, NOON)
        assert {f for f in FEATURES if is_entitled(now, plan, f)} == expected
        found = frame(*(finding(kind, client_id=plan, alert_type=kind) for kind in TYPES))
        received = set(found.filter(entitled_to_alerts(found, now, TYPES))["alert_type"])
        assert received == {kind for kind, of in TYPES.items() if of in expected}
        other = next(name for name in PLAN_NAMES if name != plan)
        assert {f for f in FEATURES if is_entitled(now, other, f)} == {f for f in FEATURES if holds(other, f)}


def test_yesterday_does_not_follow_todays_plan_and_a_trial_and_a_contract_end_by_their_dates(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    for day, plan in ((1, "bronze"), (9, "gold")):
        at = NOON.replace(day=day)
        record(lake, "clients", {"client_id": "C", "name": "C", "plan": plan, "timezone": "UTC"}, loaded_at=at)
    tried = {"plan": "gold", "starts_on": "2026-03-03", "ends_on": "2026-03-04"}
    terms = {"C": {"trial": tried, "ends_on": "2026-03-11"}}
    settings = Settings(plans={"clients": terms}, operations={"timezone": "Asia/Tokyo"})
    received = {
        day: is_entitled(entitlements_at(lake, settings, NOON.replace(day=day)), "C", "remediation")
        for day in range(1, 13)
    }
    assert [day for day, is_held in received.items() if is_held] == [3, 4, 9, 10, 11]
    assert not is_entitled(entitlements_at(lake, settings, NOON.replace(day=12)), "C", "scorecard")
    # In the zone of operations: late in the evening (UTC) it is the day after the trial in Tokyo.
    assert not is_entitled(entitlements_at(lake, settings, NOON.replace(day=4, hour=16)), "C", "remediation")


def test_conditions_compare_the_plan_in_force_also_in_a_trial_and_after_the_end(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    bought = {"client_id": "C1", "name": "C1", "plan": "bronze", "timezone": "UTC"}
    record(lake, "clients", bought, loaded_at=NOON - timedelta(days=40))
    tried = {"plan": "gold", "starts_on": "2026-03-01", "ends_on": "2026-03-05"}
    settings = Settings(plans={"clients": {"C1": {"trial": tried, "ends_on": "2026-03-20"}}})
    for day, plan in ((2, "gold"), (6, "bronze"), (21, None)):
        at = NOON.replace(day=day)
        grouped = described(
            pl.DataFrame([alert()], schema=ALERT).drop("plan"), context_of(settings, ALERT_TYPES, lake, at)
        )
        routes = roster_at(lake, settings, at).clients
        assert [*grouped["plan"], *routes["plan"]] == [plan, plan]
        is_gold = matches(Matcher(plan={"at_least": "gold"}))
        assert [grouped.select(is_gold).item(), routes.select(is_gold).item()] == [plan == "gold"] * 2


def test_every_type_and_action_and_section_names_a_feature_that_there_is():
    assert {*TYPES.values(), *SECTIONS.values(), *(kind.trait.feature for kind in ACTIONS.values())} <= set(FEATURES)
    told = {*TYPES.values(), *SECTIONS.values(), *(kind.trait.feature for kind in ACTIONS.values())}
    # Triage orders what people see, and priority support is the work of people: nothing leaves the house by them.
    assert set(FEATURES) - told == {"triage", "priority_support"}
