"""The risk of a no-show reads only what was known, and is better than knowing how often people do not come."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.problems.no_show.features import FEATURES, features, streams
from ml.problems.no_show.problem import TASK
from ml.problems.no_show.rule import NoShowRule
from ml.problems.no_show.words import topics
from opsguard_assets.config.settings import Settings
from opsguard_assets.shifts.no_show.dataset import PART, ShiftDataset, part_outcomes
from opsguard_assets.shifts.no_show.problem_io import last_risk, no_show, parts_of, risk_at
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import Simulation, simulate
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = START + timedelta(days=70)
NAMES = ("rosters", "absences", "substitutions", "attendance", "punch_feeds", "people", "sites", "clients", "calendars")


def recorded(lake: Lake, world: Simulation, until: datetime) -> Lake:
    """The records of the twin that were known by an instant, in a lake; of heartbeats the last day."""
    for name in NAMES:
        frame = pl.concat([TABLES[name].empty(), world.tables[name]], how="diagonal_relaxed")
        rows = frame.select(TABLES[name].columns).filter(pl.col("known_at") <= until)
        if name == "punch_feeds":
            rows = rows.filter(pl.col("known_at") > until - timedelta(days=1))
        lake.record(TABLES[name], rows, loaded_at=until)
    return lake


@pytest.fixture(scope="module")
def world() -> Simulation:
    return simulate(SimulationSettings(starts_at=START, devices_per_site=0, tickets_per_day=2, sites=30, seed=3), UNTIL)


@pytest.fixture(scope="module")
def dataset(world, tmp_path_factory) -> ShiftDataset:
    lake = recorded(Lake(str(tmp_path_factory.mktemp("whole") / "lake")), world, UNTIL)
    return ShiftDataset(UNTIL, parts_of(lake, UNTIL))


@pytest.mark.parametrize("day", [35.3, 50.55])
def test_features_are_the_same_whether_or_not_the_future_is_known(dataset, world, tmp_path, day):
    moment = START + timedelta(days=day)
    then = parts_of(recorded(Lake(str(tmp_path / "lake")), world, moment), moment)
    as_of = pl.lit(moment, pl.Datetime("us", "UTC"))
    ahead = then.filter(pl.col("from_at") > as_of).select(PART).with_columns(as_of=as_of).sort("part_id")
    served = features(streams(part_outcomes(then)), ahead)
    learned = features(dataset.known, ahead)
    assert len(ahead) > 50
    assert served["person_shifts"].sum() > 0
    assert_frame_equal(served.select(FEATURES), learned.select(FEATURES))


def test_a_no_show_counts_only_when_no_late_punch_is_waited_for(dataset):
    result = part_outcomes(dataset.parts).filter("is_no_show")
    ends = dataset.parts.filter(pl.col("verdict") == "no_show")["until_at"]
    assert sorted(result["at"]) == sorted(ends + timedelta(hours=24))


def test_labels_are_what_happened_and_parts_that_are_not_settled_have_none(dataset, world):
    rows = dataset.watched()
    truth = world.shift_truth.with_columns(part_id=pl.format("{}@{}/{}", "roster_id", "on", "person_id"))
    result = rows.drop_nulls("is_event").join(truth, on="part_id")
    assert len(result) > 5_000
    assert ((result["happened"] == "no_show") == result["is_event"]).all()
    young = rows.filter(pl.col("until_at") + timedelta(hours=24) > UNTIL)
    assert young["is_event"].null_count() == len(young) > 0


def test_an_evaluation_judges_by_parts_that_are_settled_and_by_no_others(dataset, world, tmp_path):
    moment = START + timedelta(days=50, hours=11)
    early = ShiftDataset(moment, parts_of(recorded(Lake(str(tmp_path / "lake")), world, moment), moment))
    result = early.of_lives(early.lives, "opening").sort("part_id")
    later = dataset.of_lives(dataset.lives, "opening").filter(pl.col("until_at") + timedelta(hours=24) <= moment)
    assert 0 < result["is_event"].mean() < 1
    assert_frame_equal(result, later.sort("part_id"))
    running = early.parts.filter(pl.col("arrived_at") < moment, pl.col("until_at") + timedelta(hours=24) > moment)
    assert len(running) > 0
    assert result.join(running, on="part_id", how="semi").is_empty()


def test_the_rule_is_nearer_to_the_truth_than_one_rate_for_all(dataset, world):
    truth = world.shift_truth.with_columns(part_id=pl.format("{}@{}/{}", "roster_id", "on", "person_id"))
    late = dataset.lives.filter(pl.col("begins_at") > START + timedelta(days=40))
    rows = dataset.of_lives(late, "opening").join(truth.select("part_id", "true_no_show"), on="part_id")
    true, said = rows["true_no_show"].to_numpy(), NoShowRule().predict(rows).to_numpy()
    assert np.abs(said - true).mean() < np.abs(true.mean() - true).mean()
    assert np.corrcoef(said, true)[0, 1] > 0.3


def test_new_people_have_the_rate_of_all():
    result = pl.DataFrame(
        {
            "person_id": ["ann"] * 100,
            "site_id": ["hall"] * 100,
            "at": [START] * 100,
            "is_no_show": [n < 10 for n in range(100)],
            "is_late": [False] * 100,
            "seen_at": [None if n < 10 else START for n in range(100)],
        },
        schema_overrides={"at": pl.Datetime("us", "UTC"), "seen_at": pl.Datetime("us", "UTC")},
    )
    part = {
        "part_id": "p",
        "as_of": START + timedelta(days=1),
        "person_id": "new",
        "site_id": "dock",
        "client_id": "acme",
    }
    part |= {"from_at": START + timedelta(days=2), "until_at": START + timedelta(days=2, hours=8), "planned_at": START}
    part |= {"start_hour": 8.0, "weekday": 3.0, "place": 0, "is_critical": True, "distance_km": None}
    row = features(
        streams(result),
        pl.DataFrame([part]).with_columns(pl.col(pl.Datetime).cast(pl.Datetime("us", "UTC"))),
    )
    fleet = row["fleet_rate"].item()
    assert fleet == pytest.approx((10 + 20 * 0.02) / 120)
    assert row["person_rate"].item() == pytest.approx(fleet)
    assert row["person_shifts"].item() == 0


def test_nothing_is_read_of_who_somebody_is():
    assert not [name for name in FEATURES if any(word in name for word in ("name", "age", "gender", "kind", "email"))]
    assert set(TASK.features) == set(FEATURES)


def test_reasons_are_words_for_the_supervisor(dataset):
    rows = dataset.watched().head(50)
    reasons = topics(rows)
    assert reasons.always.null_count() == 0
    assert sorted(name for members in reasons.members.values() for name in members) == sorted(name for name in FEATURES)


def test_only_clients_that_want_it_get_a_risk(world, tmp_path):
    moment = UNTIL - timedelta(hours=7)
    lake = recorded(Lake(str(tmp_path / "lake")), world, moment)
    everyone = risk_at(lake, NoShowRule(), moment, ("*",))
    one = risk_at(lake, NoShowRule(), moment, ("R0-C001",))
    assert set(one["client_id"]) == {"R0-C001"}
    assert len(everyone) > len(one) > 0
    assert everyone["risk"].is_between(0, 1).all()
    assert everyone["reason"].null_count() == 0
    assert Settings().shifts.no_show_risk_for == ()
    assert no_show(Settings()).makes("person_rate")


def test_what_was_said_last_before_a_shift_is_read_back(world, tmp_path):
    moment = UNTIL - timedelta(hours=7)
    lake = recorded(Lake(str(tmp_path / "lake")), world, moment)
    assert last_risk(lake, moment).is_empty()
    risk = risk_at(lake, NoShowRule(), moment, ("*",)).with_columns(
        model_name=pl.lit("rule"), model_version=pl.lit("1"), model_run_id=pl.lit(None, pl.String)
    )
    for hours, shown in ((0, 0.1), (1, 0.2), (9, 0.9)):
        as_of = moment + timedelta(hours=hours)
        rows = risk.with_columns(
            as_of=pl.lit(as_of).dt.cast_time_unit("us"), risk=pl.lit(shown), date=pl.lit(as_of.date())
        ).select(SHIFT_RISK.columns)
        where = {"date": as_of.date(), "as_of": as_of}
        lake.replace_slice(SHIFT_RISK.derived_name, rows, where=where, partition_by=["date"])
    last = last_risk(lake, moment + timedelta(hours=2))
    assert len(last) == len(risk)
    assert last["no_show_risk"].unique().to_list() == [0.2]
