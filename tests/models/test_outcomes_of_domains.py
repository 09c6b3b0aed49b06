"""Recorded scores of devices, shifts and work orders meet the outcomes that one walk over the records finds."""

import shutil
from datetime import timedelta

import polars as pl
import pytest

from ml.evaluation.prediction_log import AHEAD, LABELLED, WITHOUT
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.risk_io import device_scorer
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.domains import problems_of
from opsguard_assets.models.outcomes import judge, keep_weeks
from opsguard_assets.models.scoring import scored_rows
from opsguard_assets.models.serving import Serving
from opsguard_assets.shifts.calendar.io import calendar_at
from opsguard_assets.shifts.no_show.problem_io import risk_at as shift_risk_at
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.orders.problem_io import risk_at as order_risk_at
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import START, fleet_of, record_fleet
from tests.long import long
from tests.shifts.test_no_show import recorded as record_shifts
from tests.vendors.orders import AS_OF, frame
from tests.vendors.test_order_dataset import OFF, lake_at, versions

SETTINGS = Settings()
PROBLEMS = problems_of(SETTINGS)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
pytestmark = pytest.mark.timeout(300)


def keep(lake, table, rows, as_of, switch):
    """Records a tick as its asset does; the version of the model changes at an instant."""
    of_model = {"model_name": "rule", "model_version": "1" if as_of < switch else "2", "model_run_id": None}
    result = rows.with_columns(**{n: pl.lit(v, pl.String) for n, v in of_model.items()}, date=pl.lit(as_of.date()))
    where = {"date": as_of.date(), "as_of": as_of}
    lake.replace_slice(table.derived_name, result.select(table.columns), where=where, partition_by=["date"])


def agreed(problem, lake, until, oracle):
    """Judges the scores, once; they agree with an oracle from (entity, as_of) to fate and outcome, and are all told."""
    judged = judge(problem, lake, until)
    table = problem.prediction_log.table
    rows = (
        lake.scan(table.derived_name)
        .select(e=problem.prediction_log.entity, t="as_of", r=problem.prediction_log.risk)
        .collect()
    )
    asked = rows.drop_nulls("r").select("e", "t").rows()
    result = {(row["entity"], row["as_of"]): (row["fate"], row["is_event"]) for row in judged.labelled.to_dicts()}
    wrong = [(key, result.get(key), oracle(*key)) for key in asked if result.get(key) != oracle(*key)]
    assert wrong == []
    assert len(result) == len(judged.labelled) == judged.recorded == len(asked)
    assert judged.adds_up
    weeks = keep_weeks(problem, lake, judged, until)
    assert weeks["scores"].sum() == judged.fates[LABELLED]
    assert set(weeks["model_version"]) == {"1", "2"}
    assert weeks.select("week", "model_name", "model_version").is_unique().all()
    return judged


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    lake = lake_at(tmp_path_factory.mktemp("orders") / "lake", AS_OF)
    for days in range(80, 0, -6):
        moment = AS_OF - days * DAY
        rows = order_risk_at(lake, PROBLEMS["work_order_late"].rule, moment, OFF)
        keep(lake, WORK_ORDER_RISK, rows, moment, AS_OF - 60 * DAY)
    return lake


def test_scores_of_work_orders_meet_what_became_of_the_orders(orders):
    result = versions().filter(pl.col("known_at") <= AS_OF).sort("known_at").to_dicts()

    def oracle(order, as_of):
        mine = [row for row in result if row["work_order_id"] == order]
        due = mine[0]["due_at"]
        done = [row for row in mine if row["completed_at"]]
        off = [row["known_at"] for row in mine if row["status"] == "Cancelled"]
        if due + 30 * DAY > AS_OF:
            return AHEAD, None
        if off and off[0] < min([due + 30 * DAY, *(row["known_at"] for row in done)]):
            return WITHOUT, None
        assert as_of < min([due, *(row["known_at"] for row in done)]), "an order was scored after it was decided"
        return LABELLED, not done or done[0]["completed_at"] > due

    judged = agreed(PROBLEMS["work_order_late"], orders, AS_OF, oracle)
    assert set(judged.fates) == {LABELLED, AHEAD, WITHOUT}
    assert judged.labelled["is_event"].n_unique() == 3


@pytest.fixture(scope="module")
def shifts(tmp_path_factory):
    settings = SimulationSettings(
        seed=3, starts_at=START, devices_per_site=0, tickets_per_day=1, sites=6, agents=12, orders_per_day=0
    )
    until = START + 15 * DAY
    world = simulate(settings, until)
    lake = record_shifts(Lake(str(tmp_path_factory.mktemp("shifts") / "lake")), world, until)
    for hours in range(8 * 24 + 5, 15 * 24, 34):
        moment = START + hours * HOUR
        keep(lake, SHIFT_RISK, shift_risk_at(lake, PROBLEMS["no_show"].rule, moment, ("*",)), moment, START + 11 * DAY)
    return lake, world, until


@long
def test_scores_of_shifts_meet_who_came(shifts):
    lake, world, until = shifts
    happened = {
        f"{row['roster_id']}@{row['on']}/{row['person_id']}": row["happened"] for row in world.shift_truth.to_dicts()
    }
    planned = calendar_at(lake, until, since=START, until=until + 2 * DAY).shifts.filter(status="planned").to_dicts()
    ends = {f"{row['shift_id']}/{row['person_id']}": row["expected_until_at"] for row in planned}

    def oracle(part, _):
        if part not in ends:
            return WITHOUT, None
        if ends[part] + DAY > until:
            return AHEAD, None
        return LABELLED, happened[part] == "no_show"

    judged = agreed(PROBLEMS["no_show"], lake, until, oracle)
    assert judged.fates[LABELLED] > 50
    assert judged.labelled["is_event"].any()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    of_fleet = {"sites": 8, "devices_per_site": 6, "skewed_clock_share": 0.2}
    until = START + 16 * DAY
    records = fleet_of(SimulationSettings(seed=4, starts_at=START, agents=12, **of_fleet), until)
    lake = Lake(str(tmp_path_factory.mktemp("fleet") / "lake"))
    record_fleet(lake, records, until)
    update_hourly(lake, progress=Silent())
    for hours in (1, *range(30, 16 * 24, 62)):
        moment = START + hours * HOUR
        rows = scored_rows(device_scorer(SETTINGS), lake, Serving(PROBLEMS["device_failure"].rule), moment)
        keep(lake, DEVICE_RISK, rows.drop("model_name", "model_version"), moment, START + 8 * DAY)
    return lake, {name: rows.filter(pl.col("known_at") <= until) for name, rows in records.items()}, until


def ends_of(heard, minutes, events, seen_until):
    """When a device that reported so often stopped, and whether it failed: (instant, failed; None: not known)."""
    result = {event["at"]: event["kind"] == "failure" for event in events if event["kind"] in {"failure", "removed"}}
    worked = [event["at"] for event in events if event["kind"] == "maintenance"]
    longest = timedelta(minutes=max(3 * minutes, 240))
    for last, following in zip(heard, [*heard[1:], seen_until], strict=True):
        if following > last + longest:
            result.setdefault(last + longest, all(abs(at - last) > 4 * HOUR for at in worked))
    return sorted(result.items())


@long
def test_scores_of_devices_meet_whether_the_device_failed_within_a_day(fleet):
    lake, records, until = fleet
    minutes = dict(records["devices"].select("device_id", "reports_every_minutes").rows())
    reports = records["telemetry"].with_columns(at=pl.min_horizontal("at", "known_at")).sort("at")
    seen_until = max(reports["at"].max(), records["device_events"]["at"].max())
    ways = {}
    for device, every in minutes.items():
        heard = reports.filter(device_id=device)["at"].to_list()
        ends = ends_of(heard, every, records["device_events"].filter(device_id=device).to_dicts(), seen_until)
        begins = [heard[0], *(next((at for at in heard if at > end), None) for end, _ in ends)]
        ways[device] = (sorted(at for at in begins if at), ends)

    def oracle(device, as_of):
        begins, ends = ways[device]
        began = max(at for at in begins if at <= as_of)
        end, failed = next(((at, failed) for at, failed in ends if at > began), (seen_until, False))
        if as_of + DAY > seen_until:
            return AHEAD, None
        if as_of >= end or (not failed and end <= as_of + DAY):
            return WITHOUT, None
        return LABELLED, failed and end <= as_of + DAY

    judged = agreed(PROBLEMS["device_failure"], lake, until, oracle)
    assert judged.fates[LABELLED] > 150
    assert judged.labelled["is_event"].any()


@long
def test_a_shift_that_is_moved_after_it_was_scored_is_not_lost(shifts, tmp_path):
    lake, world, until = shifts
    other = Lake(str(tmp_path / "lake"))
    shutil.copytree(f"{lake.uri}/tables", f"{other.uri}/tables")
    moment = until - 3 * DAY
    ahead = shift_risk_at(other, PROBLEMS["no_show"].rule, moment, ("*",)).sort("starts_at")
    last = ahead.row(-1, named=True)
    roster = world.tables["rosters"].filter(roster_id=last["shift_id"].split("@")[0])
    later = pl.concat([TABLES["rosters"].empty(), roster], how="diagonal_relaxed").with_columns(
        starts_local=pl.lit("23:50"), known_at=pl.lit(moment + HOUR)
    )
    other.record(TABLES["rosters"], later.select(TABLES["rosters"].columns), loaded_at=until)
    keep(other, SHIFT_RISK, ahead, moment, START + 11 * DAY)
    judged = judge(PROBLEMS["no_show"], other, until)
    assert judged.adds_up
    (row,) = judged.labelled.filter(entity=f"{last['shift_id']}/{last['person_id']}").to_dicts()
    assert (row["fate"], row["settled_at"] > until - DAY) == (LABELLED, True)


def test_an_order_that_is_known_before_it_is_created_is_not_lost(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    created = AS_OF - 60 * DAY
    row = {"work_order_id": "w1", "vendor_id": "v1", "created_at": created, "due_at": created + 3 * DAY}
    rows = frame("work_orders", [row | {"known_at": created - DAY}]).select(TABLES["work_orders"].columns)
    lake.record(TABLES["work_orders"], rows, loaded_at=AS_OF)
    moment = created - HOUR
    keep(lake, WORK_ORDER_RISK, order_risk_at(lake, PROBLEMS["work_order_late"].rule, moment, OFF), moment, AS_OF)
    judged = judge(PROBLEMS["work_order_late"], lake, AS_OF)
    assert judged.fates == {LABELLED: 1}
    assert judged.adds_up
