"""The risk that a work order is late: columns and meanings, as asset pages show them.

Here: the shape. Not here: computing it (`orders.problem_io`).
"""

import dataframely as dy

from opsguard_assets.tables.derived import instant, text
from opsguard_assets.tables.table import Table


class WorkOrderRisk(dy.Schema):
    """The probability that an open work order misses its due time, at a moment."""

    work_order_id = text("the order", nullable=False)
    vendor_id = text("whose job it is", nullable=False)
    site_id = text("where")
    client_id = text("for whom")
    due_at = instant("by when it should be done", nullable=False)
    as_of = instant("the moment", nullable=False)
    risk = dy.Float64(nullable=False, description="probability that it is not done by then, 0..1")
    reason = text("what the model looked at, in words")
    model_name = text("which model", nullable=False)
    model_version = text("which version of it", nullable=False)
    model_run_id = text("the MLflow run that made the model; null for the rule")
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


WORK_ORDER_RISK = Table(
    name="work_order_risk", room="vendors", schema=WorkOrderRisk, key=("work_order_id", "as_of"), happened_at="as_of"
)
