"""One odd row, in whichever table a tick reads, changes no shift, verdict, coverage or finding of anybody else."""

import shutil
from datetime import UTC, date, datetime, timedelta
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.problems.no_show.rule import NoShowRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.shifts.alerts import assets as alert_assets
from opsguard_assets.shifts.calendar.io import update_calendar
from opsguard_assets.shifts.coverage.io import coverage_at
from opsguard_assets.shifts.no_show.problem_io import parts_of, risk_at
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.shifts.verdicts.io import compliance_at, record_compliance
from opsguard_assets.shifts.verdicts.verdicts import Limits
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.validate import validate
from resources.lake import Lake
from tests.long import long
from tests.properties import examples

START = datetime(2026, 3, 2, tzinfo=UTC)
MOMENT, KNOWN = START + timedelta(days=9, hours=23), START + timedelta(days=9)
NAMES = ("rosters", "absences", "substitutions", "attendance", "punch_feeds", "people", "sites", "clients", "calendars")
INSTANTS = st.sampled_from([datetime(1970, 1, 1, tzinfo=UTC), START, KNOWN, MOMENT, MOMENT + timedelta(minutes=1),
                            MOMENT + timedelta(days=400), datetime(2199, 12, 31, 23, tzinfo=UTC)])  # fmt: skip
DAYS = st.sampled_from([date(1970, 1, 1), MOMENT.date(), MOMENT.date() + timedelta(days=1), date(2199, 12, 31)])
SITE = "R0-S0001"
SITES = st.sampled_from([SITE, "odd", "nowhere"])
PEOPLE = st.sampled_from(["odd", "ghost"])
CLOCKS = ["00:00", "08:00", "23:59"]
NUMBERS = st.sampled_from([None, 0.0, 5e-324, 89.999, 180.0, 1e18])
RECURRENCES = st.sampled_from(
    [
        None,
        "",
        "mondays",
        "FREQ=SECONDLY",
        "FREQ=DAILY;INTERVAL=999999",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=999999",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU",
        "FREQ=DAILY;UNTIL=99991231T235959Z",
        "FREQ=DAILY;UNTIL=00010101",
        "DTSTART:00010101\nRRULE:FREQ=MONTHLY;COUNT=9",
        "DTSTART;TZID=Pacific/Kiritimati:00010101T080000\nRRULE:FREQ=DAILY",
        "RRULE:FREQ=DAILY\nEXDATE;TZID=America/New_York:99991231T235959",
        "RDATE;TZID=Factory:20260311T080000",
        "RDATE:99991231",
    ]
)


def rows_of(name, row):
    """A row, where the contract lets it in."""
    table = TABLES[name]
    whole = dict.fromkeys(table.columns) | row | {"known_at": KNOWN}
    return validate(pl.DataFrame([whole], schema=table.dtypes), table).accepted


def let_in(strategy):
    """Rows that the contract lets in; what it rejects is told elsewhere."""
    return strategy.filter(lambda row: len(rows_of(*row)) == 1)


def row_of(name, fixed):
    return lambda **changes: (name, {**fixed, **changes})


rosters = st.builds(
    row_of("rosters", {"roster_id": "odd", "post": "odd"}),
    person_id=PEOPLE,
    site_id=SITES,
    starts_local=st.sampled_from(CLOCKS),
    ends_local=st.sampled_from([*CLOCKS, "24:00"]),
    recurrence=RECURRENCES,
    valid_from=DAYS,
    valid_until=st.one_of(st.none(), DAYS),
    is_critical=st.booleans(),
    required_people=st.sampled_from([None, 0, 1, 2**63 - 1]),
    requires=st.sampled_from([None, [], ["", "first aid"]]),
)
punches = st.builds(
    row_of("attendance", {}),
    person_id=PEOPLE,
    site_id=SITES,
    punched_in_at=INSTANTS,
    punched_out_at=st.one_of(st.none(), INSTANTS),
    latitude=NUMBERS,
    longitude=NUMBERS,
    accuracy_m=NUMBERS,
)
others = st.one_of(
    st.builds(row_of("absences", {"kind": "x"}), person_id=PEOPLE, starts_at=INSTANTS, ends_at=INSTANTS),
    st.builds(
        row_of("substitutions", {}),
        roster_id=st.sampled_from(["odd", "nothing"]),
        on=DAYS,
        person_id=PEOPLE,
        substitute_id=PEOPLE,
    ),
    st.builds(row_of("punch_feeds", {}), site_id=st.sampled_from(["odd", "nowhere"]), reported_upto_at=INSTANTS),
)
places = st.one_of(
    st.builds(
        row_of("sites", {"site_id": "odd", "client_id": "nobody", "name": ""}),
        timezone=st.sampled_from(["Asia/Kathmandu", "Pacific/Kiritimati", "Factory", "localtime"]),
        latitude=NUMBERS,
        longitude=NUMBERS,
        geofence_radius_m=NUMBERS,
        calendar_id=st.sampled_from([None, "odd"]),
    ),
    st.builds(
        row_of("calendars", {"calendar_id": "odd", "weekday": 7, "opens": "00:00", "closes": "00:00"}),
        holidays=st.sampled_from([None, [], ["DE/BY", "2199-12-31"], ["2026-03-11"]]),
    ),
    st.just(("people", {"person_id": "odd", "name": "", "home_site_id": "nowhere", "reports_to": "odd"})),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A lake with what was known at the moment."""
    folder = tmp_path_factory.mktemp("shifts")
    made = SimulationSettings(starts_at=START, devices_per_site=0, tickets_per_day=1, sites=8, seed=3)
    known = simulate(made, MOMENT).tables
    for name in NAMES:
        frame = pl.concat([TABLES[name].empty(), known[name]], how="diagonal_relaxed").select(TABLES[name].columns)
        Lake(str(folder)).record(TABLES[name], frame.filter(pl.col("known_at") <= MOMENT), loaded_at=MOMENT)
    return folder


def tick(world, odd):
    """Shifts, verdicts, coverage, findings and risks of a tick, and the rosters that give no shifts."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(alert_assets, "unresolved_in", lambda *_: [])
        shutil.copytree(world, folder, dirs_exist_ok=True)
        lake = Lake(folder)
        for name, row in odd:
            lake.record(TABLES[name], rows_of(name, row), loaded_at=MOMENT)
        planned = update_calendar(lake, MOMENT, days_ahead=7).calendar
        judged = compliance_at(lake, MOMENT, Limits())
        record_compliance(lake, judged.verdicts, MOMENT)
        coverage = coverage_at(lake, MOMENT)
        found = alert_assets.found_in(lake, None, Settings(), lake.rows_at(SHIFT_RISK, MOMENT), MOMENT)
        risk = risk_at(lake, NoShowRule(), MOMENT, ("*",))
    told = planned.shifts, judged.verdicts, coverage, found, risk.drop("reason")
    return [_others(frame) for frame in told], planned.unreadable


def _others(frame):
    """The rows that speak of nobody odd, in order."""
    texts = [name for name in ("shift_id", "site_id", "post", "dedup_key") if name in frame.columns]
    odd = pl.any_horizontal(pl.col(name).fill_null("").str.contains(r"\bodd\b") for name in texts)
    return frame.filter(~odd).sort(texts)


@pytest.fixture(scope="module")
def usual(world):
    return tick(world, [])[0]


@long
@settings(max_examples=examples(8, quick=1), deadline=None)
@given(odd=st.tuples(*map(let_in, (rosters, punches, others, st.one_of(punches, others), places))))
def test_no_odd_row_changes_what_is_said_of_the_shifts_of_others(world, usual, odd):
    now, _ = tick(world, odd)
    for frame, before in zip(now[:-1], usual[:-1], strict=True):
        # How long the punches of a site take is learned from all of them.
        assert_frame_equal(*(each.drop("feed_delay_minutes", strict=False) for each in (frame, before)))
    # The rate of no-shows everywhere is one of all people: one guard more, who came once and then no more, is in it.
    assert_frame_equal(now[-1], usual[-1], abs_tol=0.05)


def test_a_roster_that_nobody_can_read_is_named_and_the_others_go_on(world, usual):
    odd = {"roster_id": "odd", "person_id": "odd", "site_id": SITE, "starts_local": "08:00", "ends_local": "16:00"}
    since = {"valid_from": date(2026, 1, 1), "recurrence": "FREQ=DAILY\nEXDATE;TZID=America/New_York:99991231T235959"}
    now, unreadable = tick(world, [("rosters", odd | since)])
    assert_frame_equal(now[0], usual[0])
    told = "EXDATE 99991231T235959 lies outside the years 1900 to 2200"
    assert unreadable.select("roster_id", "problem").rows() == [("odd", told)]


@pytest.mark.parametrize("zone", ["Factory", "localtime"])
def test_a_zone_of_no_place_is_refused(zone):
    row = {"site_id": "odd", "client_id": "c", "name": "x", "timezone": zone}
    assert rows_of("sites", row).is_empty()
    assert not rows_of("sites", row | {"timezone": "Asia/Kathmandu"}).is_empty()


def test_a_roster_for_nobody_raises_the_rate_of_no_shows_of_nobody_else(world, usual):
    """It reaches half a year back, the other records nine days."""
    odd = {"roster_id": "odd", "person_id": "odd", "site_id": SITE, "starts_local": "08:00", "ends_local": "16:00"}
    now, _ = tick(world, [("rosters", odd | {"valid_from": date(1970, 1, 1)})])
    assert_frame_equal(now[-1], usual[-1])


def test_what_was_planned_before_the_first_punch_of_a_site_is_no_missed_shift(tmp_path):
    """Rosters are imported from long ago, and the clock is new: nobody is accused of the time before."""
    lake, begun = Lake(str(tmp_path)), MOMENT - timedelta(days=2)
    every_day = {"roster_id": "odd", "person_id": "ann", "site_id": "hall", "starts_local": "08:00",
                 "ends_local": "16:00", "valid_from": date(1970, 1, 1)}  # fmt: skip
    place = {"site_id": "hall", "client_id": "acme", "name": "hall", "timezone": "UTC"}
    came = {"person_id": "ann", "site_id": "hall", "punched_in_at": begun.replace(hour=7, minute=55)}
    beat = {"site_id": "hall", "reported_upto_at": KNOWN - timedelta(hours=1)}
    rows = {"rosters": every_day, "sites": place, "attendance": came, "punch_feeds": beat}
    for name, row in rows.items():
        lake.record(TABLES[name], rows_of(name, row), loaded_at=MOMENT)
    told = parts_of(lake, MOMENT).drop_nulls("verdict")
    assert told["from_at"].min() == begun.replace(hour=8, minute=0)
    assert told.sort("from_at")["verdict"].to_list()[0] in ("on_time", "left_open")
