"""The records of the domains agree with what is built of them, and leave nothing out that a person meets."""

import pkgutil
from datetime import timedelta
from pathlib import Path

import pytest

import ml.problems
from opsguard_assets.alerts.alert_type import TEAMS, AlertType, features_of
from opsguard_assets.build import build_defs
from opsguard_assets.cadence import DAY, HOUR, MINUTE, WEEK, Cadence
from opsguard_assets.cadences import keys_of
from opsguard_assets.config.features import FEATURES
from opsguard_assets.config.load import parse_settings
from opsguard_assets.config.plans import PLAN_NAMES
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.assets import DEVICE_MONITOR
from opsguard_assets.domains import ALERT_TYPES, DOMAINS, JOBS, PROBLEMS, meaning
from opsguard_assets.external.assets import external_monitor
from opsguard_assets.shifts.alerts.assets import SHIFT_MONITOR
from opsguard_assets.tickets.risk.alert_assets import SLA_MONITOR
from opsguard_assets.vendors.alerts.assets import VENDOR_MONITOR

OTHER_SYSTEM = """
sources:
  - {name: nvr, kind: files, path: in, feeds: [{table: external_alerts, same_names: true}]}
"""
TEMPLATE = Path(__file__).parent.parent / "templates/opsguard.yaml"
EXTERNAL_MONITOR = external_monitor(tuple(ALERT_TYPES), Settings())
MONITORS = {each.name: each for each in (SLA_MONITOR, DEVICE_MONITOR, SHIFT_MONITOR, VENDOR_MONITOR, EXTERNAL_MONITOR)}
SCORED = {each.name: (domain, each) for domain in DOMAINS for each in domain.problems}


@pytest.fixture(scope="module")
def defs():
    variables = {"OPSGUARD_HOME": "somewhere"}
    simulated = parse_settings(TEMPLATE.read_text(), name="opsguard.yaml", variables=variables)
    others = parse_settings(OTHER_SYSTEM, name="opsguard.yaml", variables={})
    return build_defs(settings=simulated.model_copy(update={"sources": (*simulated.sources, *others.sources)}))


def test_every_job_of_a_record_computes_just_the_assets_that_it_names(defs):
    for domain in DOMAINS:
        for job in domain.jobs:
            computed = defs.resolve_job_def(job.name).asset_layer.executable_asset_keys
            assert computed == set(keys_of(JOBS[job.name].assets)), job.name


def test_every_asset_that_goes_stale_is_computed_by_a_job_of_a_record_or_looks_at_a_model(defs):
    graph = defs.resolve_asset_graph()
    stale = {key for key in graph.get_all_asset_keys() if graph.get(key).freshness_policy}
    ticking = {key for job in JOBS.values() for key in keys_of(job.assets)}
    others = {key.path[-1] for key in stale - ticking}
    assert ticking <= stale
    learned = ("sla_breach", "device_failure", "work_order_late", "alert_action")
    assert others == {f"{problem}_{end}" for problem in learned for end in ("watch", "outcomes")}


def test_a_result_is_late_after_two_ticks_and_at_fault_after_three(defs):
    graph = defs.resolve_asset_graph()
    for job in (job for domain in DOMAINS for job in domain.jobs if job.cadence.is_frequent):
        for key in keys_of(job.assets):
            policy = graph.get(key).freshness_policy
            assert policy.warn_window.to_timedelta() == 2 * job.cadence.every, key
            assert policy.fail_window.to_timedelta() == 3 * job.cadence.every, key


@pytest.mark.parametrize("domain", [each for each in DOMAINS if each.monitor], ids=lambda domain: domain.name)
def test_a_monitor_raises_just_the_types_of_its_record(domain):
    monitor = MONITORS[domain.monitor]
    assert set(monitor.alert_types) == {each.name for each in domain.alert_types}
    assert {job.settles for job in domain.jobs} - {None} == {domain.monitor}


@pytest.mark.parametrize("name", ALERT_TYPES)
def test_every_type_of_alerts_says_what_it_means_and_what_to_do(name):
    assert meaning(name, dict(Settings())).endswith(".")
    assert ALERT_TYPES[name].next_step
    assert ALERT_TYPES[name].next_step[0].islower()


@pytest.mark.parametrize("name", ALERT_TYPES)
def test_every_type_of_alerts_has_a_team_a_cause_and_a_price(name):
    found = ALERT_TYPES[name]
    assert found.team in TEAMS
    assert found.cause
    assert getattr(Settings().money, found.cost) * found.cost_share > 0
    assert 0 < found.needs_person < 1
    assert found.minutes > 0


def test_a_type_that_declares_no_cause_is_its_own():
    assert AlertType(name="odd", meaning="It is odd.", next_step="look").cause == "odd"
    assert AlertType(name="odd", meaning="It is odd.", next_step="look", cause="power").cause == "power"


def test_every_problem_that_is_learned_is_in_a_record():
    assert set(PROBLEMS) == {each.name for each in pkgutil.iter_modules(ml.problems.__path__) if each.ispkg}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_belongs_to_the_domain_that_declares_it(name):
    domain, learned = SCORED[name]
    problem = learned.declare(Settings())
    assert problem.name == name
    assert problem.group == domain.name
    assert problem.alert_type in {None, *(each.name for each in domain.alert_types)}
    assert (problem.alert_type is None) == (domain.monitor is None)
    assert problem.prediction_log.table in domain.tables.scores
    assert problem.step == JOBS[learned.scored_by].cadence.every
    assert learned.scored_by in {job.name for job in domain.jobs}


def test_the_tables_of_a_record_are_those_of_its_room():
    for domain in DOMAINS:
        tables = domain.tables
        written = [*tables.versioned, *tables.derived, *tables.scores]
        assert {table.room for table in written} <= {domain.name}
        ticked = {table.name for tick in domain.ticks for table in tick.scores}
        assert ticked == {table.name for table in tables.scores}


@pytest.mark.parametrize(
    ("cadence", "cron", "words"),
    [
        (Cadence(15 * MINUTE), "*/15 * * * *", "every_15_minutes"),
        (Cadence(30 * MINUTE, 5 * MINUTE), "5,35 * * * *", "every_30_minutes"),
        (Cadence(HOUR), "0 * * * *", "every_hour"),
        (Cadence(HOUR, 50 * MINUTE), "50 * * * *", "every_hour"),
        (Cadence(DAY, 2 * HOUR + 30 * MINUTE), "30 2 * * *", "every_day"),
        (Cadence(WEEK, DAY + 4 * HOUR + 15 * MINUTE), "15 4 * * 1", "every_week"),
        (Cadence(WEEK), "0 0 * * 0", "every_week"),
    ],
)
def test_a_cadence_is_said_once_and_read_as_a_cron_string(cadence, cron, words):
    assert cadence.cron == cron
    assert cadence.words == words


@pytest.mark.parametrize(
    ("every", "offset"),
    [
        (7 * MINUTE, timedelta(0)),
        (2 * HOUR, timedelta(0)),
        (timedelta(seconds=30), timedelta(0)),
        (HOUR, HOUR),
        (HOUR, -MINUTE),
        (DAY, timedelta(seconds=1)),
    ],
)
def test_a_cadence_that_no_cron_string_can_say_is_refused(every, offset):
    with pytest.raises(ValueError, match=r"is not (within|part of)"):
        Cadence(every, offset)


def test_what_is_computed_once_a_day_may_take_its_time():
    daily = Cadence(DAY)
    assert daily.late_after == timedelta(hours=26)
    assert daily.stale_after == timedelta(hours=50)


def test_every_type_that_tells_of_a_client_belongs_to_a_plan():
    of_no_client = {
        "vendor_score_drop",
        "vendor_sla_below_target",
        "opsguard_run_failed",
        "opsguard_playbook_paused",
        *(each.unavailable.name for each in PROBLEMS.values()),
    }
    features = features_of(ALERT_TYPES.values())
    assert {name for name, feature in features.items() if feature is None} == of_no_client
    assert {FEATURES[feature].plan for feature in features.values() if feature} == set(PLAN_NAMES)


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_a_greater_plan_holds_what_a_smaller_one_does_and_a_file_overrules_both(domain):
    declared = features_of(domain.alert_types)
    held = {plan: set(types) for plan, types in Settings().plans.alerts_by_plan(declared).items()}
    assert held["bronze"] <= held["silver"] <= held["gold"]
    assert held["gold"] == {name for name, feature in declared.items() if feature}
    given = Settings(plans={"gold": {"alerts": ["no_show"]}, "silver": {"alerts": []}}).plans.alerts_by_plan(declared)
    assert given == {"bronze": tuple(sorted(held["bronze"])), "silver": (), "gold": ("no_show",)}
