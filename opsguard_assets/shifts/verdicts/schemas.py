"""The verdicts on shifts: columns and meanings, as asset pages show them.

Here: the shape. Not here: judging (`verdicts.verdicts`). Verdicts are kept with two clocks: what was said at any
instant can be read.
"""

import dataframely as dy

from opsguard_assets.tables.derived import instant, minutes, text
from opsguard_assets.tables.table import Table


class Verdict(dy.Schema):
    """The verdict on a person's part in a shift, as far as was known."""

    shift_id = text("the shift", nullable=False)
    person_id = text("who", nullable=False)
    site_id = text("where it should be", nullable=False)
    client_id = text("whose site")
    post = text("position at the site")
    is_critical = dy.Bool(nullable=True, description="whether the post must never be empty")
    starts_at = instant("start of the shift", nullable=False)
    expected_from_at = instant("from when the person was expected", nullable=False)
    expected_until_at = instant("until when the person was expected", nullable=False)
    verdict = text("see the page on shifts", nullable=False)
    rule = text("the rule that decided, in words", nullable=False)
    arrived_at = instant("first presence in the shift")
    left_at = instant("last departure; none while there, or not punched")
    present_minutes = minutes("presence inside the shift")
    late_minutes = minutes("from the expected start to the arrival")
    early_minutes = minutes("from the departure to the expected end")
    punched_site_id = text("where the person punched")
    distance_m = dy.Float64(nullable=True, description="from the position of the punch to the site, metres")
    accuracy_m = dy.Float64(nullable=True, description="uncertainty of that position, metres")
    is_outside = dy.Bool(nullable=True, description="whether the position lies outside the geofence for certain")
    feed_reported_upto_at = instant("up to when the punches of the site were reported")
    feed_delay_minutes = minutes("learned delay of the punches of the site")


class ShiftCompliance(Verdict):
    """The verdict on a person's part in a shift, as far as was known."""

    known_at = instant("when this was known", nullable=False)


SHIFT_COMPLIANCE = Table(
    name="shift_compliance",
    room="shifts",
    schema=ShiftCompliance,
    key=("shift_id", "person_id"),
    happened_at="starts_at",
)
