"""Recorded scores of a simulated helpdesk meet their outcomes: nothing is lost, nothing that is over changes."""

import shutil
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from ml.evaluation.prediction_log import AHEAD, LABELLED, UNKNOWN, WITHOUT
from ml.problems.sla_breach.rule import RuleBaseline
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import problems_of
from opsguard_assets.models.outcome_assets import COMPLETE, outcomes_asset, outcomes_key
from opsguard_assets.models.outcomes import judge, keep_weeks, outcomes_name, stored_weeks
from opsguard_assets.models.scoring import scored_rows
from opsguard_assets.models.serving import Serving
from opsguard_assets.moment import moment_config
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tickets.learning.outcomes_io import update_outcomes
from opsguard_assets.tickets.learning.schemas import TICKET_OUTCOMES
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.risk.score_io import sla_scorer
from opsguard_assets.tickets.sla.derive_io import update_clocks
from resources.lake import Lake
from resources.progress import Silent
from tests.long import long
from tests.tickets.provider_records import FED, record

PROBLEMS = problems_of(Settings())
PROBLEM = PROBLEMS["sla_breach"]
START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
END = START + timedelta(days=50)
SWITCH = START + timedelta(days=30)
pytestmark = pytest.mark.timeout(300)


def tick(lake, as_of):
    """Scores and records a tick by the rule, under the name of the version of the time."""
    version = "1" if as_of < SWITCH else "2"
    rows = scored_rows(sla_scorer(Settings()), lake, Serving(RuleBaseline()), as_of)
    rows = rows.with_columns(model_version=pl.lit(version))
    where = {"date": as_of.date(), "as_of": as_of}
    lake.replace_slice(SLA_RISK.derived_name, rows, where=where, partition_by=["date"])


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Fifty days of a small helpdesk, scored at every fourth noon from the third day on."""
    opened = Lake(str(tmp_path_factory.mktemp("outcomes") / "lake"))
    small = {"sites": 4, "agents": 12, "tickets_per_day": 25, "load": 0.6}
    others = {"guards": False, "devices_per_site": 0, "orders_per_day": 0}
    world = simulate(SimulationSettings(seed=3, starts_at=START, **small, **others), END).tables
    for name in FED:
        record(opened, name, world[name].filter(pl.col("known_at") <= END), END)
    update_clocks(opened, progress=Silent())
    update_outcomes(opened, progress=Silent())
    for day in range(2, 50, 4):
        tick(opened, START + timedelta(days=day, hours=12))
    return opened


def look(lake, as_of):
    judged = judge(PROBLEM, lake, as_of)
    return judged, keep_weeks(PROBLEM, lake, judged, as_of)


def test_every_recorded_score_of_a_ticket_that_is_due_meets_the_outcome_that_the_ticket_had(lake):
    judged = judge(PROBLEM, lake, END)
    assert judged.adds_up
    assert judged.recorded > 150
    assert set(judged.fates) <= {LABELLED, AHEAD, WITHOUT}
    recorded = lake.scan(SLA_RISK.derived_name).drop_nulls("risk").select(pl.len()).collect().item()
    assert judged.recorded == len(judged.labelled) == recorded
    told = lake.scan(TICKET_OUTCOMES.derived_name).select("ticket_id", truth="is_late").collect()
    both = judged.labelled.filter(pl.col("fate") == LABELLED).join(
        told, left_on="entity", right_on="ticket_id", how="left"
    )
    assert (both["is_event"] == both["truth"]).all()
    assert both["is_event"].any()


def test_weeks_are_told_per_version_and_the_same_look_writes_the_same(lake):
    _, weeks = look(lake, END)
    _, again = look(lake, END)
    assert again.equals(weeks)
    assert weeks["week"].dt.weekday().unique().to_list() == [1]
    assert weeks["model_version"].unique().sort().to_list() == ["1", "2"]
    assert weeks.select("week", "model_name", "model_version").is_unique().all()
    assert weeks["entities"].sum() <= weeks["scores"].sum()


@long
def test_a_look_every_week_says_what_one_look_at_the_end_says_and_leaves_old_weeks_alone(lake):
    lake.replace(outcomes_name(PROBLEM), stored_weeks(PROBLEM, lake).clear(), partition_by=["week"])
    sinces = []
    for days in (15, 22, 29, 36, 43, 50):
        judged, _ = look(lake, START + timedelta(days=days))
        sinces.append(judged.since)
    assert sinces == sorted(sinces)
    assert (sinces[0], sinces[-1]) == (START.date(), date(2026, 3, 16))  # four weeks before the last look but one
    step_by_step = stored_weeks(PROBLEM, lake)
    assert step_by_step["as_of"].n_unique() > 1
    at_once = judge(PROBLEM, lake, END)
    recent = step_by_step.filter(pl.col("week") >= at_once.since)
    assert recent.drop("as_of").equals(at_once.weeks)


def test_a_look_of_the_past_that_runs_again_takes_no_later_knowledge_back(lake):
    look(lake, END)
    before = stored_weeks(PROBLEM, lake)
    look(lake, END - timedelta(days=20))
    assert stored_weeks(PROBLEM, lake).equals(before)


def test_a_score_of_a_ticket_that_nobody_knows_is_found_out(lake, tmp_path):
    other = Lake(str(tmp_path / "lake"))
    shutil.copytree(f"{lake.uri}/tables", f"{other.uri}/tables")
    rows = lake.scan(SLA_RISK.derived_name).filter(pl.col("date") == SWITCH.date()).collect()
    strange = rows.head(1).with_columns(ticket_id=pl.lit("nobody's"), risk=pl.lit(0.5))
    other.replace(SLA_RISK.derived_name, pl.concat([rows, strange]), partition_by=["date"])
    judged = judge(PROBLEM, other, END)
    assert judged.fates[UNKNOWN] == 1
    assert not judged.adds_up


def materialized(lake, problem, as_of):
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            [outcomes_asset(problem)],
            instance=instance,
            resources={"lake": dg.ResourceDefinition.hardcoded_resource(lake)},
            run_config=moment_config(as_of, outcomes_key(problem)),
        )


def test_the_asset_shows_figures_plots_and_that_nothing_is_lost(lake):
    result = materialized(lake, PROBLEM, END)
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == (COMPLETE, True)
    assert "met their outcome" in check.description
    (event,) = result.asset_materializations_for_node(outcomes_key(PROBLEM).to_python_identifier())
    assert {"weeks", "calibration", "alerts_over_weeks"} <= set(event.metadata)
    assert "data:image/png" in event.metadata["calibration"].value
    assert "precision" in event.metadata["weeks"].value


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_before_the_first_score_there_is_nothing_to_meet(name, tmp_path):
    result = materialized(Lake(str(tmp_path / "lake")), PROBLEMS[name], END)
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.description) == (True, "no score is recorded yet")
