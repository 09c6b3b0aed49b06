"""The derived tables of shifts: their columns and meanings, as asset pages show them.

Here: shapes. Not here: computing them. The calendar and the verdicts are kept with two clocks, like canonical tables:
what was planned and what was said at any instant can be read.
"""

import dataframely as dy

from opsguard_assets.tables.table import Table


def _instant(meaning: str, *, nullable: bool = True) -> dy.Datetime:
    return dy.Datetime(nullable=nullable, time_zone="UTC", description=f"{meaning} (UTC)")


def _text(meaning: str, *, nullable: bool = True) -> dy.String:
    return dy.String(nullable=nullable, description=meaning)


def _minutes(meaning: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=f"{meaning}, minutes")


class ShiftCalendar(dy.Schema):
    """A person's part in a shift: one roster on one local day."""

    shift_id = _text("the shift: roster and local day of its start", nullable=False)
    roster_id = _text("the roster it comes from", nullable=False)
    on = dy.Date(nullable=False, description="local day on which it starts")
    site_id = _text("where", nullable=False)
    client_id = _text("whose site")
    person_id = _text("who", nullable=False)
    replaces_id = _text("whom this person replaces")
    place = dy.Int64(nullable=False, description="place in the chain of substitutes, 0 for the roster's own person")
    status = _text("planned, replaced, excused or holiday", nullable=False)
    holiday = _text("the holiday of the site that day")
    starts_at = _instant("start of the shift", nullable=False)
    ends_at = _instant("end of the shift", nullable=False)
    expected_from_at = _instant("from when the person is expected, after leave at its start", nullable=False)
    expected_until_at = _instant("until when the person is expected, before leave at its end", nullable=False)
    timezone = _text("zone of the site", nullable=False)
    post = _text("position at the site")
    is_critical = dy.Bool(nullable=True, description="whether the post must never be empty")
    required_people = dy.Int64(nullable=True, description="people that the post needs")
    requires = dy.List(dy.String(), nullable=True, description="qualifications that the post demands, all of them")
    known_at = _instant("when this was known", nullable=False)


class ShiftCompliance(dy.Schema):
    """What became of a person's part in a shift, as far as was known."""

    shift_id = _text("the shift", nullable=False)
    person_id = _text("who", nullable=False)
    site_id = _text("where it should be", nullable=False)
    client_id = _text("whose site")
    post = _text("position at the site")
    is_critical = dy.Bool(nullable=True, description="whether the post must never be empty")
    starts_at = _instant("start of the shift", nullable=False)
    expected_from_at = _instant("from when the person was expected", nullable=False)
    expected_until_at = _instant("until when the person was expected", nullable=False)
    verdict = _text("see the page on shifts", nullable=False)
    rule = _text("the rule that decided, in words", nullable=False)
    arrived_at = _instant("first presence in the shift")
    left_at = _instant("last departure; none while there, or not punched")
    present_minutes = _minutes("presence inside the shift")
    late_minutes = _minutes("from the expected start to the arrival")
    early_minutes = _minutes("from the departure to the expected end")
    punched_site_id = _text("where the person punched")
    distance_m = dy.Float64(nullable=True, description="from the position of the punch to the site, metres")
    accuracy_m = dy.Float64(nullable=True, description="uncertainty of that position, metres")
    is_outside = dy.Bool(nullable=True, description="whether the position lies outside the geofence for certain")
    feed_reported_upto_at = _instant("up to when the punches of the site were reported")
    feed_delay_minutes = _minutes("learned delay of the punches of the site")
    known_at = _instant("when this was known", nullable=False)


class ShiftRisk(dy.Schema):
    """The probability that nobody comes for a person's part in a shift, at a moment."""

    shift_id = _text("the shift", nullable=False)
    person_id = _text("who is expected", nullable=False)
    site_id = _text("where", nullable=False)
    client_id = _text("whose site")
    starts_at = _instant("from when the person is expected", nullable=False)
    as_of = _instant("the moment", nullable=False)
    risk = dy.Float64(nullable=False, description="probability that nobody comes, 0..1")
    reason = _text("what the model looked at, in words, for the person's supervisor")
    model_name = _text("which model", nullable=False)
    model_version = _text("which version of it", nullable=False)
    model_run_id = _text("the MLflow run that made the model; null for the rule")
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


class ShiftCoverage(dy.Schema):
    """Whether a post of a site has the people that it needs, at a moment and over the 24 hours before."""

    site_id = _text("where", nullable=False)
    post = _text("position at the site; empty where its shifts name none", nullable=False)
    client_id = _text("whose site")
    is_critical = dy.Bool(nullable=False, description="whether the post must never be empty")
    as_of = _instant("the moment", nullable=False)
    required = dy.Int64(nullable=False, description="people that the post needs now; 0 while no shift runs")
    scheduled = dy.Int64(nullable=False, description="people in a running shift who are not excused")
    present = dy.Int64(nullable=False, description="people who are there")
    unknown = dy.Int64(nullable=False, description="people not late yet, or of whom a late feed says nothing")
    missing = dy.Int64(nullable=False, description="people required, neither present nor unknown")
    needed_minutes = _minutes("needed in the last 24 hours, of one person")
    scheduled_minutes = _minutes("of those needed, scheduled")
    manned_minutes = _minutes("of those needed, manned as far as was heard")
    short_minutes = _minutes("of those needed, not manned as far as was heard")
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


SHIFT_CALENDAR = Table(
    name="shift_calendar", room="shifts", schema=ShiftCalendar, key=("shift_id", "person_id"), happened_at="starts_at"
)
SHIFT_COMPLIANCE = Table(
    name="shift_compliance",
    room="shifts",
    schema=ShiftCompliance,
    key=("shift_id", "person_id"),
    happened_at="starts_at",
)
SHIFT_RISK = Table(
    name="shift_risk", room="shifts", schema=ShiftRisk, key=("shift_id", "person_id", "as_of"), happened_at="as_of"
)
SHIFT_COVERAGE = Table(
    name="shift_coverage",
    room="shifts",
    schema=ShiftCoverage,
    key=("site_id", "post", "as_of"),
    happened_at="as_of",
)
