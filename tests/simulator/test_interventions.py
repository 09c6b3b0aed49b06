"""What somebody does in the twin's world changes what comes after it, as often as it should, and nothing before."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from opsguard_assets.simulator.interventions import (
    GATEWAY_HELPED,
    GIVE,
    INTERVENTION,
    RESTART,
    TAKE_OVER,
    TAKES_SHARE,
    taken,
)
from opsguard_assets.simulator.luck import luck_of
from opsguard_assets.simulator.reports import watched
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import TABLES, intervene, simulate, write_records

WORLD = SimulationSettings(
    seed=7, sites=12, agents=24, tickets_per_day=60, device_report_minutes=60, alarms_per_site=0, orders_per_day=0
)
END = WORLD.starts_at + timedelta(days=10)
HALF = WORLD.starts_at + timedelta(days=6)
HOUR = timedelta(hours=1)


def did(*rows):
    return pl.DataFrame([dict(zip(INTERVENTION, row, strict=True)) for row in rows], schema=INTERVENTION)


def hours(number):
    return WORLD.starts_at + number * HOUR


@pytest.fixture(scope="module")
def plain():
    return simulate(WORLD, END)


@pytest.fixture(scope="module")
def helped(plain):
    """The same world, in which somebody does something of each kind on its seventh day."""
    waiting = plain.tables["tickets"].filter(
        pl.col("status") == "in_progress", pl.col("updated_at") > HALF + 5 * HOUR, pl.col("opened_at") < HALF + HOUR
    )
    ticket = waiting.sort("updated_at").row(0, named=True)
    shift = plain.shift_truth.filter(
        pl.col("happened") == "no_show", pl.col("starts_at").is_between(HALF, END - 24 * HOUR)
    ).row(0, named=True)  # fmt: skip
    name = f"{shift['roster_id']}@{shift['on']}"
    rows = [
        (GIVE, ticket["ticket_id"], "R0-P0001", HALF + 2 * HOUR),
        (TAKE_OVER, name, "R0-G00003", shift["starts_at"] + HOUR),
        *((RESTART, f"R0-S{n:04d}", None, HALF + 3 * HOUR) for n in range(12)),
    ]
    return ticket, shift, simulate(WORLD, END, interventions=did(*rows))


def test_an_intervention_changes_no_record_of_before(plain, helped):
    for name in TABLES:
        before = pl.col("known_at") <= HALF + 2 * HOUR
        assert_frame_equal(helped[2].tables[name].filter(before), plain.tables[name].filter(before))


def test_a_ticket_that_is_given_to_somebody_is_worked_on_soon(plain, helped):
    ticket, _, world = helped
    states = world.tables["tickets"].filter(pl.col("ticket_id") == ticket["ticket_id"]).sort("updated_at")
    begun = states.filter(pl.col("status") == "in_progress").row(0, named=True)
    assert begun["assignee_id"] == "R0-P0001"
    assert HALF + 2 * HOUR < begun["updated_at"] < HALF + 4 * HOUR < ticket["updated_at"]
    others = pl.col("ticket_id") != ticket["ticket_id"]
    assert_frame_equal(world.tables["tickets"].filter(others), plain.tables["tickets"].filter(others))


def test_a_shift_that_somebody_takes_over_has_a_substitute_who_comes(plain, helped):
    _, shift, world = helped
    same = (pl.col("roster_id") == shift["roster_id"]) & (pl.col("on") == shift["on"])
    assert world.tables["substitutions"].filter(same)["substitute_id"].to_list() == ["R0-G00003"]
    at = pl.col("punched_in_at") == shift["starts_at"] + HOUR + timedelta(minutes=40)
    more = world.tables["attendance"].filter(pl.col("person_id") == "R0-G00003", at)
    assert more["site_id"].unique().to_list() == [shift["roster_id"].split("gate")[0].split("patrol")[0]]
    assert len(world.tables["attendance"]) == len(plain.tables["attendance"]) + 2


def test_people_take_offered_shifts_as_often_as_stated_and_always_answer_the_same():
    asked = pl.DataFrame({"entity_id": [f"r/{n}" for n in range(4_000)], "person_id": "P1"})
    answers = taken(WORLD, 0, asked)
    assert answers.mean() == pytest.approx(TAKES_SHARE, abs=0.03)
    assert taken(WORLD, 0, asked.reverse()).reverse().equals(answers)


FLEET = WORLD.model_copy(update={"sites": 120, "devices_per_site": 1})


def test_a_restart_brings_back_most_gateways_and_some_devices_and_no_empty_battery():
    alone = watched(FLEET, 0, END)
    long = alone.outages.filter(pl.col("ends") - pl.col("begins") > 4)
    rows = [(RESTART, f"R0-S{row['site']:04d}", None, hours(row["begins"] + 1.5)) for row in long.to_dicts()]
    restarted = watched(FLEET, 0, END, did(*rows)).outages
    ended = long.join(restarted, on=["site", "begins"], suffix="_now")
    sooner = ended["ends_now"] == ended["begins"] + 2
    assert len(ended) > 30
    assert sooner.mean() == pytest.approx(GATEWAY_HELPED, abs=0.15)
    assert (sooner | (ended["ends_now"] == ended["ends"])).all()
    failed = alone.events.filter(kind="failure")
    again = [(RESTART, row["device_id"], None, row["at"] + 2 * HOUR) for row in failed.to_dicts()]
    now = watched(FLEET, 0, END, did(*again))
    late = FLEET.starts_at + timedelta(days=9)
    batteries = failed.filter(pl.col("component") == "battery", pl.col("at") < late)["device_id"]
    others = failed.filter(pl.col("component") != "battery", pl.col("at") < late)["device_id"]
    assert len(batteries) > 3
    assert len(others) > 3
    counted = [each.telemetry.group_by("device_id").len("reports") for each in (alone, now)]
    both = counted[0].join(counted[1], on="device_id", suffix="_now")
    more = both.filter(pl.col("reports_now") > pl.col("reports"))["device_id"]
    assert set(more) & set(others)
    assert not (set(batteries) - set(others)) & set(more)


def test_the_written_world_takes_up_what_was_done_and_keeps_its_past(tmp_path):
    folder = tmp_path / "a world"
    small = WORLD.model_copy(update={"guards": False, "sites": 20, "devices_per_site": 1})
    write_records(small, folder, until=HALF)
    written = {file: file.read_bytes() for file in folder.rglob("telemetry/*.parquet")}
    outages = watched(small, 0, END).outages.filter(pl.col("begins") >= 144, pl.col("ends") - pl.col("begins") > 5)
    rows = [(RESTART, f"R0-S{row['site']:04d}", None, hours(row["begins"] + 1.5)) for row in outages.to_dicts()]
    intervene(folder, did(*rows), "first")
    # What comes in after the fact acts from then on: this restart would have been in the written past.
    intervene(folder, did((RESTART, "R0-S0001", None, HALF - 20 * HOUR)), "late")
    intervene(folder, did(*rows), "first again")
    write_records(small, folder, until=END)
    assert all(file.read_bytes() == content for file, content in written.items())
    telemetry = pl.concat([pl.read_parquet(file) for file in sorted(folder.glob("telemetry/*.parquet"))])
    late = did(*rows, (RESTART, "R0-S0001", None, HALF))
    expected = watched(small, 0, END, late).telemetry
    assert_frame_equal(telemetry.sort(pl.all()), expected.sort(pl.all()), check_column_order=False)
    assert len(expected) > len(watched(small, 0, END).telemetry)


def test_the_luck_of_a_name_is_even_and_depends_on_no_other_name():
    names = pl.Series([f"R0-S{n:04d}gate-3@2026-03-02/R0-G{n % 97:05d}" for n in range(20_000)])
    luck = luck_of(7, 0, "takes", names)
    counts = np.histogram(luck, 10, (0, 1))[0]
    assert ((counts - 2_000) ** 2 / 2_000).sum() < 27.9, "chi-square of nine degrees of freedom at one in a thousand"
    assert luck_of(7, 0, "takes", pl.concat([names[5:9], pl.Series(["ö" * 99])]))[:4].tolist() == luck[5:9].tolist()
    assert luck_of(7, 0, "comes", names[:1]) != luck[:1]
    assert luck_of(7, 0, "takes", names[:0]).tolist() == []
