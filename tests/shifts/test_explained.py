"""Every presence has its explanation, and what has none is shown."""

import pytest

from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.verdicts.explained import (
    ATTENDS,
    CAME_ANYWAY,
    ELSEWHERE,
    RETURNED,
    UNEXPLAINED,
    punches_explained,
)
from tests.shifts.rosters import rows
from tests.shifts.test_verdicts import at, punch, shift


def told(shifts, punches, now="18:00"):
    found = punches_explained(rows(SHIFT_CALENDAR, *shifts), rows("attendance", *punches), at(now))
    return found["explanation"].to_list()


@pytest.mark.parametrize("status", ["excused", "replaced", "holiday"])
def test_who_came_although_nobody_expected_it_is_told_apart_from_strangers(status):
    assert told([shift("08:00", "16:00", status=status)], [punch("07:58", "16:00")]) == [CAME_ANYWAY[status]]


def test_who_has_no_shift_near_is_the_remainder_and_comes_first():
    shifts = [shift("08:00", "16:00")]
    punches = [punch("07:58", "16:00"), punch("09:00", "10:00", person_id="stranger")]
    assert told(shifts, punches) == [UNEXPLAINED, ATTENDS]
    assert told(shifts, [punch("02:00", "03:30")]) == [UNEXPLAINED]


def test_a_shift_that_is_planned_explains_before_one_that_is_not():
    shifts = [shift("08:00", "16:00", status="excused"), shift("16:00", "20:00")]
    assert told(shifts, [punch("15:58", "20:00")], "21:00") == [ATTENDS]


def test_returns_and_other_sites_are_explained():
    punches = [punch("07:58", "10:00"), punch("10:40", "16:00")]
    assert sorted(told([shift("08:00", "16:00")], punches)) == sorted([ATTENDS, RETURNED])
    assert told([shift("08:00", "16:00")], [punch("07:58", "16:00", site_id="dock")]) == [ELSEWHERE]
