"""The shift calendar: columns and meanings, as asset pages show them.

Here: the shape. Not here: planning (`calendar.calendar`). The calendar is kept with two clocks: what was planned at any
instant can be read.
"""

import dataframely as dy

from opsguard_assets.tables.derived import instant, text
from opsguard_assets.tables.table import Table


class PlannedShift(dy.Schema):
    """A person's part in a shift: one roster on one local day."""

    shift_id = text("the shift: roster and local day of its start", nullable=False)
    roster_id = text("the roster it comes from", nullable=False)
    on = dy.Date(nullable=False, description="local day on which it starts")
    site_id = text("where", nullable=False)
    client_id = text("whose site")
    person_id = text("who", nullable=False)
    replaces_id = text("whom this person replaces")
    place = dy.Int64(nullable=False, description="place in the chain of substitutes, 0 for the roster's own person")
    status = text("planned, replaced, excused or holiday", nullable=False)
    holiday = text("the holiday of the site that day")
    starts_at = instant("start of the shift", nullable=False)
    ends_at = instant("end of the shift", nullable=False)
    expected_from_at = instant("from when the person is expected, after leave at its start", nullable=False)
    expected_until_at = instant("until when the person is expected, before leave at its end", nullable=False)
    timezone = text("zone of the site", nullable=False)
    post = text("position at the site")
    is_critical = dy.Bool(nullable=True, description="whether the post must never be empty")
    required_people = dy.Int64(nullable=True, description="people that the post needs")
    requires = dy.List(dy.String(), nullable=True, description="qualifications that the post demands, all of them")


class ShiftCalendar(PlannedShift):
    """A person's part in a shift: one roster on one local day."""

    known_at = instant("when this was known", nullable=False)


class PostStaffing(dy.Schema):
    """The people of a post at a moment, present or planned, against those that it needs."""

    site_id = text("where", nullable=False)
    post = text("position at the site")
    client_id = text("whose site")
    is_critical = dy.Bool(nullable=False, description="whether the post must never be empty")
    required = dy.Int64(nullable=False, description="people that the post needs")
    starts_at = instant("start of the running shifts, or when somebody is missing first", nullable=False)
    ends_at = instant("end of the shifts", nullable=False)
    requires = dy.List(dy.String(), nullable=True, description="qualifications that any of the shifts demands")
    planned = dy.UInt32(nullable=False, description="people who are planned and not excused")
    present = dy.UInt32(nullable=False, description="people who are there")
    unknown = dy.UInt32(nullable=False, description="people not late yet, or of whom a late feed says nothing")
    missing = dy.Int64(nullable=False, description="people required, neither present nor unknown")


SHIFT_CALENDAR = Table(
    name="shift_calendar", room="shifts", schema=ShiftCalendar, key=("shift_id", "person_id"), happened_at="starts_at"
)
