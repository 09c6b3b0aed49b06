"""The coverage of posts: columns and meanings, as asset pages show them.

Here: the shape. Not here: counting (`coverage.coverage`).
"""

import dataframely as dy

from opsguard_assets.tables.derived import instant, minutes, text
from opsguard_assets.tables.table import Table


class ShiftCoverage(dy.Schema):
    """Whether a post of a site has the people that it needs, at a moment and over the 24 hours before."""

    site_id = text("where", nullable=False)
    post = text("position at the site; empty where its shifts name none", nullable=False)
    client_id = text("whose site")
    is_critical = dy.Bool(nullable=False, description="whether the post must never be empty")
    as_of = instant("the moment", nullable=False)
    required = dy.Int64(nullable=False, description="people that the post needs now; 0 while no shift runs")
    scheduled = dy.Int64(nullable=False, description="people in a running shift who are not excused")
    present = dy.Int64(nullable=False, description="people who are there")
    unknown = dy.Int64(nullable=False, description="people not late yet, or of whom a late feed says nothing")
    missing = dy.Int64(nullable=False, description="people required, neither present nor unknown")
    needed_minutes = minutes("needed in the last 24 hours, of one person")
    scheduled_minutes = minutes("of those needed, scheduled")
    manned_minutes = minutes("of those needed, manned as far as was heard")
    short_minutes = minutes("of those needed, not manned as far as was heard")
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


SHIFT_COVERAGE = Table(
    name="shift_coverage",
    room="shifts",
    schema=ShiftCoverage,
    key=("site_id", "post", "as_of"),
    happened_at="as_of",
)
