"""The plan is looked at wherever it changes, and hours are counted against what a post needs."""

import pytest

from opsguard_assets.shifts.calendar.posts import coverage_ahead
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.coverage.coverage import person_minutes, shift_coverage, with_shares
from opsguard_assets.shifts.coverage.schemas import SHIFT_COVERAGE
from opsguard_assets.shifts.verdicts.verdicts import Attended, Limits, shift_compliance
from tests.shifts.rosters import rows, site
from tests.shifts.test_verdicts import at, punch, shift

SITES = [site(), site("dock", latitude=52.6, longitude=13.5)]


@pytest.mark.parametrize(
    ("shifts", "since"),
    [
        # On leave from noon: the plan is short from there on, not at any start.
        ([shift("08:00", "16:00", expected_until_at=at("12:00"))], "12:00"),
        # Two are needed, the second leaves at noon.
        (
            [
                shift("08:00", "16:00", required_people=2),
                shift("08:00", "12:00", person_id="bob", required_people=2),
            ],
            "12:00",
        ),
        ([shift("08:00", "16:00", expected_from_at=at("10:00"))], "08:00"),
        ([shift("08:00", "12:00"), shift("12:00", "16:00", person_id="bob")], None),
        ([shift("08:00", "16:00")], None),
    ],
)
def test_a_plan_is_looked_at_wherever_a_shift_or_leave_starts_or_ends(shifts, since):
    short = coverage_ahead(rows(SHIFT_CALENDAR, *shifts), at("06:00"))
    assert short["starts_at"].to_list() == ([] if since is None else [at(since)])


def test_the_hours_that_a_post_needed_are_told_from_those_planned_and_those_manned():
    pair = {"required_people": 2}
    shifts = [
        shift("08:00", "16:00", "a", **pair),
        shift("08:00", "16:00", "b", person_id="bob", expected_until_at=at("12:00"), **pair),
        shift("08:00", "16:00", "c", person_id="cem", site_id="dock"),
        shift("20:00", "23:00", "d", person_id="dan", site_id="dock"),
    ]
    punches = [punch("08:00", "14:00"), punch("10:00", "12:00", person_id="bob"), punch("07:00", person_id="cem")]
    frame, now = rows(SHIFT_CALENDAR, *shifts), at("18:00")
    known = Attended(rows("attendance", *punches), rows("punch_feeds"), rows("sites", *SITES))
    verdicts = shift_compliance(frame, known, Limits(), now)
    assert person_minutes(frame, verdicts, now).rows() == [
        ("dock", "gate", 480.0, 480.0, 0.0),
        ("hall", "gate", 960.0, 720.0, 480.0),
    ]
    assert person_minutes(frame, verdicts, at("10:00"))["needed_minutes"].sum() == 360.0
    coverage = shift_coverage(frame, verdicts, now)
    posts = with_shares(coverage, "site_id", "post").rows()
    assert posts == [("dock", "gate", 480, 480, 0, 480, 1.0, 0.0), ("hall", "gate", 960, 720, 480, 480, 0.75, 0.5)]
    assert with_shares(coverage, "site_id")["manned_share"].to_list() == [0.0, 0.5]


def test_a_row_of_coverage_says_who_is_needed_now_and_what_was_lacking_before():
    shifts = [
        shift("08:00", "16:00", "a", required_people=2, is_critical=True),
        shift("08:00", "16:00", "b", person_id="bob", required_people=2),
        shift("12:00", "16:00", "c", person_id="cem", post=None, site_id="dock"),
        shift("02:00", "06:00", "d", person_id="dan", post="night"),
    ]
    frame, now = rows(SHIFT_CALENDAR, *shifts), at("12:00")
    beats = [{"site_id": name, "reported_upto_at": now, "known_at": now} for name in ("hall", "dock")]
    known = Attended(rows("attendance", punch("08:00")), rows("punch_feeds", *beats), rows("sites", *SITES))
    coverage = shift_coverage(frame, shift_compliance(frame, known, Limits(), now), now)
    assert SHIFT_COVERAGE.schema.is_valid(coverage)
    names = (
        "site_id",
        "post",
        "is_critical",
        "required",
        "scheduled",
        "present",
        "unknown",
        "missing",
        "short_minutes",
    )
    assert coverage.select(names).rows() == [
        ("dock", "", False, 1, 1, 0, 1, 0, 0),  # begins now: nobody is late yet, and nothing was needed before
        ("hall", "gate", True, 2, 2, 1, 0, 1, 240),
        ("hall", "night", False, 0, 0, 0, 0, 0, 240),
    ]
    assert coverage["needed_minutes"].to_list() == [0, 480, 240]
