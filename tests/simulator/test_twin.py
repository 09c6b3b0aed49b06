"""The twin is reproducible, causal, keeps the contract, and knows the truth about itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from opsguard_assets.simulator.arrivals import arrivals
from opsguard_assets.simulator.desk import worked
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import TABLES as SIMULATED
from opsguard_assets.simulator.twin import SimulationError, simulate, write_records
from opsguard_assets.simulator.world import build_world
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.validate import validate

SETTINGS = SimulationSettings(seed=7, tickets_per_day=120, agents=36, devices_per_site=1)
END = SETTINGS.starts_at + timedelta(days=17, hours=9)


@pytest.fixture(scope="module")
def twin():
    return simulate(SETTINGS, END)


def test_equal_settings_give_equal_worlds(twin):
    again = simulate(SETTINGS, END)
    assert not again.tables["tickets"].is_empty()
    for name in SIMULATED:
        assert_frame_equal(again.tables[name], twin.tables[name])


def test_another_seed_gives_another_world(twin):
    other = simulate(SETTINGS.model_copy(update={"seed": 8}), END)
    assert not other.tables["tickets"].equals(twin.tables["tickets"])


@pytest.mark.parametrize("earlier", [timedelta(days=1), timedelta(days=11, hours=5)])
def test_watching_longer_adds_records_and_changes_none(twin, earlier):
    before = END - earlier
    short = simulate(SETTINGS, before)
    assert not short.tables["tickets"].is_empty()
    for name in SIMULATED:
        assert_frame_equal(short.tables[name], twin.tables[name].filter(pl.col("known_at") <= before))


@pytest.mark.parametrize("name", SIMULATED)
def test_every_record_keeps_the_contract(twin, name):
    table, records = TABLES[name], twin.tables[name]
    columns = [
        pl.col(column).cast(dtype) if column in records.columns else pl.lit(None, dtype).alias(column)
        for column, dtype in table.dtypes.items()
    ]
    assert validate(records.select(columns), table).broken.is_empty()
    assert len(records) > 0


def test_no_state_holds_what_happened_later(twin):
    states = twin.tables["tickets"]
    for column in ("first_response_at", "resolved_at", "closed_at"):
        assert states.filter(pl.col(column) > pl.col("updated_at")).is_empty()
    assert states.filter(pl.col("known_at") <= pl.col("updated_at")).is_empty()
    open_now = states.filter(pl.col("status").is_in(["new", "open", "in_progress", "on_hold"]))
    assert open_now.filter(pl.col("closed_at").is_not_null() | pl.col("resolved_at").is_not_null()).is_empty()


def test_events_retell_the_states(twin):
    last = twin.tables["tickets"].sort("ticket_id", "updated_at").group_by("ticket_id").agg(pl.col("status").last())
    result = (
        twin.tables["ticket_events"].filter(pl.col("field") == "status").sort("ticket_id", "at")
        .group_by("ticket_id").agg(pl.col("new").last().alias("told"))
    )  # fmt: skip
    joined = last.join(result, on="ticket_id", how="full")
    assert joined.filter(pl.col("status").ne_missing(pl.col("told"))).is_empty()
    assert twin.tables["ticket_events"].is_duplicated().sum() == 0


def test_open_tickets_of_every_kind_exist_at_the_end(twin):
    last = twin.tables["tickets"].group_by("ticket_id").agg(pl.all().sort_by("updated_at").last())
    assert {"new", "open", "in_progress", "on_hold"} <= set(last["status"].unique())


def lives(load: float) -> pl.DataFrame:
    settings = SETTINGS.model_copy(update={"load": load})
    return worked(arrivals(settings, 0, END), build_world(settings, 0, END).agents, settings)


def waited(load: float) -> float:
    ordinary = lives(load).filter(~pl.col("is_urgent"))
    return ordinary.select((pl.col("started_at") - pl.col("assigned_at")).dt.total_minutes().mean()).item()


def test_more_load_makes_people_wait_longer():
    assert waited(0.5) < waited(0.8) < waited(0.95)


def test_the_queue_is_first_come_first_served_as_a_loop_would_serve_it():
    """The urgent seats of one team, walked ticket by ticket."""
    tickets = lives(0.9).filter("is_urgent")
    seats = tickets.partition_by("group_id", "seat", as_dict=True)
    assert len(seats) > 1
    for seat in seats.values():
        free = datetime.min.replace(tzinfo=UTC)
        for row in seat.sort("assigned_at", "number").iter_rows(named=True):
            begins = max(free, row["assigned_at"])
            assert abs(row["started_at"] - begins) < timedelta(seconds=1)
            free = begins + timedelta(minutes=row["service_minutes"])


def test_of_tickets_with_a_true_probability_about_that_share_breaches():
    settings = SimulationSettings(seed=3, tickets_per_day=600, agents=120, load=0.9)
    truth = simulate(settings, settings.starts_at + timedelta(days=60)).truth.unique("ticket_id", keep="first")
    bins = truth.group_by(pl.col("true_breach_probability").mul(5).floor().clip(0, 4)).agg(
        n=pl.len(), expected=pl.col("true_breach_probability").mean(), happened=pl.col("breached").mean()
    )
    deviation = 4 * (bins["expected"] * (1 - bins["expected"]) / bins["n"]).sqrt() + 1e-9
    assert len(truth) > 1_000
    assert ((bins["expected"] - bins["happened"]).abs() <= deviation).all()


def test_files_go_on_where_they_ended_and_hold_every_record_once(tmp_path: Path, twin):
    # What happens to tickets does not depend on devices.
    settings = SETTINGS.model_copy(update={"devices_per_site": 0})
    first = write_records(settings, tmp_path, until=END - timedelta(days=3))
    second = write_records(settings, tmp_path, until=END)
    assert first > second > 0
    assert write_records(settings, tmp_path, until=END) == 0
    tickets = pl.read_parquet(tmp_path / "tickets" / "*.parquet")
    order = ["ticket_id", "updated_at"]
    assert_frame_equal(tickets.sort(order), twin.tables["tickets"].sort(order))
    assert not (tmp_path / "truth").is_relative_to(tmp_path / "tickets")


def test_the_folder_of_another_world_is_not_mixed_up(tmp_path: Path):
    write_records(SETTINGS, tmp_path, until=SETTINGS.starts_at + timedelta(hours=1))
    with pytest.raises(SimulationError, match="another world"):
        write_records(SETTINGS.model_copy(update={"seed": 9}), tmp_path, until=END)


def test_a_world_without_a_ticket_is_one_too_and_its_truth_is_a_file_without_rows(tmp_path):
    quiet = {"devices_per_site": 0, "guards": False, "orders_per_day": 0}
    settings = SimulationSettings(sites=2, agents=12, tickets_per_day=0.001, **quiet)
    assert write_records(settings, tmp_path, until=settings.starts_at + timedelta(days=1)) > 0
    assert not (tmp_path / "tickets").exists()
    for kind in (".", "devices", "shifts", "work_orders"):
        assert pl.read_parquet(tmp_path / "truth" / kind / "0000.parquet").is_empty()


def test_a_world_that_has_not_begun_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(SimulationError, match="begins at 2026-01-01"):
        write_records(SETTINGS, tmp_path, until=SETTINGS.starts_at - timedelta(hours=1))


@pytest.mark.parametrize("agents", [12, 24])
def test_somebody_works_on_every_ticket_however_few_agents_there_are(agents):
    settings = SimulationSettings(sites=2, agents=agents, tickets_per_day=60)
    end = settings.starts_at + timedelta(days=4)
    lives = worked(arrivals(settings, 0, end), build_world(settings, 0, end).agents, settings)
    assert lives["assignee_id"].null_count() == 0
    assert lives["is_urgent"].any() == (agents > 12)


def test_some_orders_that_are_not_urgent_are_planned_maintenance(twin):
    orders = twin.tables["work_orders"].unique("work_order_id")
    planned = orders.filter("is_planned")
    assert 0.1 < len(planned) / len(orders) < 0.4
    assert set(planned["priority"]) == {"medium", "low"}
    assert planned["is_rework_of"].null_count() == len(planned)


def test_most_incidents_say_when_somebody_acted_which_is_minutes_later(twin):
    incidents = twin.tables["security_events"].unique("event_id", keep="last", maintain_order=True)
    over = incidents.drop_nulls("resolved_at")
    waited = (over["responded_at"] - over["at"]).drop_nulls()
    assert 0.02 < over["responded_at"].null_count() / len(over) < 0.25
    assert timedelta(minutes=4) < waited.median() < timedelta(minutes=16)
    assert over.filter(pl.col("responded_at") > pl.col("resolved_at")).is_empty()
