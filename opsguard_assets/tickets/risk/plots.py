"""Pictures of tickets for asset pages. Not here: drawing (`opsguard_assets.models.plots`)."""

import dataframely as dy

from opsguard_assets.models.plots import Captions, risk_distribution
from opsguard_assets.tickets.risk.risk import Marks
from opsguard_assets.tickets.risk.schemas import SlaRisk
from opsguard_assets.tickets.sla.tick import BREACHED


def sla_risk_distribution(risk: dy.DataFrame[SlaRisk], marks: Marks) -> bytes:
    """How the risks of one tick are distributed, as an SVG.

    Args:
        risk: The risks of the tick; what has no probability (breached, without a deadline) is counted in the title.
        marks: From which risk a ticket is alerted and escalated.
    """
    breached = int((risk["state"] == BREACHED).sum())
    title = (
        f"SLA risk of {len(risk):,} open tickets: {breached:,} breached already, "
        f"{risk['risk'].null_count() - breached:,} without a deadline"
    )
    words = Captions(title, "tickets", "probability of missing the resolution deadline")
    return risk_distribution(risk["risk"], {"alert": marks.alert_from, "escalate": marks.escalate_from}, words)
