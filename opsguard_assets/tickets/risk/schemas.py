"""The SLA risk of open tickets: its columns and meanings, as asset pages show them.

Here: the shape. Not here: computing it (`risk.risk`).
"""

import dataframely as dy

from opsguard_assets.tables.derived import instant, minutes, text
from opsguard_assets.tables.table import Table


class SlaRisk(dy.Schema):
    """The probability that an open ticket misses its resolution deadline, by what was known at `as_of`."""

    ticket_id = text("the ticket", nullable=False)
    as_of = instant("the moment of the prediction", nullable=False)
    client_id = text("who asked")
    site_id = text("which site it is about")
    priority = text("urgency")
    state = text("running, paused or breached", nullable=False)
    risk = dy.Float64(
        nullable=True,
        description="probability of missing the deadline, 0..1; null where it is missed, or there is none",
    )
    reason = text(
        "what the model looked at, in words; null below the risks of `sla.clear_below` and `sla.escalate_from`"
    )
    resolution_due_at = instant("deadline of the solution; null while paused")
    remaining_minutes = minutes("working time left, negative after the deadline")
    elapsed_minutes = minutes("working time used")
    age_minutes = minutes("wall time since it was opened")
    fraction_used = dy.Float64(nullable=True, description="share of the promised time that is used")
    response_state = text("running, paused, met or breached")
    response_due_at = instant("deadline of the first answer; null while paused")
    response_remaining_minutes = minutes("working time left for the first answer")
    model_name = text("which model", nullable=False)
    model_version = text("which version of it", nullable=False)
    model_run_id = text("the MLflow run that made it: leads to its data and figures; null for the rule")
    date = dy.Date(description="day of `as_of`; the partition")


SLA_RISK = Table(name="sla_risk", room="tickets", schema=SlaRisk, key=("ticket_id", "as_of"), happened_at="as_of")
