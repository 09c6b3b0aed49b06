"""The plan is looked at wherever it changes, and hours are counted against what a post needs."""

import pytest

from opsguard_assets.shifts.coverage import coverage_ahead, person_hours, with_shares
from opsguard_assets.shifts.stored import SHIFT_CALENDAR
from opsguard_assets.shifts.verdicts import Attended, Limits, shift_compliance
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
    hours = person_hours(frame, shift_compliance(frame, known, Limits(), now), now)
    posts = with_shares(hours, "site_id", "post").rows()
    assert posts == [("dock", "gate", 8.0, 8.0, 0.0, 1.0, 0.0), ("hall", "gate", 16.0, 12.0, 8.0, 0.75, 0.5)]
    assert with_shares(hours, "site_id")["manned_share"].to_list() == [0.0, 0.5]
    assert person_hours(frame, shift_compliance(frame, known, Limits(), now), at("10:00"))["needed_h"].sum() == 6.0
