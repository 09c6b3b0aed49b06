"""The risk that nobody comes to a shift: columns and meanings, as asset pages show them.

Here: the shape. Not here: computing it (`no_show.problem_io`).
"""

import dataframely as dy

from opsguard_assets.tables.derived import instant, text
from opsguard_assets.tables.table import Table


class ShiftRisk(dy.Schema):
    """The probability that nobody comes for a person's part in a shift, at a moment."""

    shift_id = text("the shift", nullable=False)
    person_id = text("who is expected", nullable=False)
    site_id = text("where", nullable=False)
    client_id = text("whose site")
    starts_at = instant("from when the person is expected", nullable=False)
    as_of = instant("the moment", nullable=False)
    risk = dy.Float64(nullable=False, description="probability that nobody comes, 0..1")
    reason = text("what the model looked at, in words, for the person's supervisor")
    model_name = text("which model", nullable=False)
    model_version = text("which version of it", nullable=False)
    model_run_id = text("the MLflow run that made the model; null for the rule")
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


class LastRisk(dy.Schema):
    """The last score of a part in a shift before it began."""

    shift_id = text("the shift", nullable=False)
    person_id = text("who is expected", nullable=False)
    no_show_risk = dy.Float64(nullable=False, description="probability that nobody comes, 0..1")
    said_at = instant("when it was computed", nullable=False)


SHIFT_RISK = Table(
    name="shift_risk", room="shifts", schema=ShiftRisk, key=("shift_id", "person_id", "as_of"), happened_at="as_of"
)
