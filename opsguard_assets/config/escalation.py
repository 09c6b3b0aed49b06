"""Settings of escalation. Not here: from which risk (`SlaThresholds`), and where it is written (`ticket_system`)."""

from pydantic import Field

from opsguard_assets.config.base import Strict


class Escalation(Strict):
    """How often a ticket is escalated, and how long an escalation may wait.

    Attributes:
        cooldown_minutes: A ticket is left in peace for so long after it was escalated.
        max_steps: A ticket is escalated at most so often; steps that changed nothing do not count.
        risk_minutes: A tick of SLA risk older than this is not acted on.
        give_up_minutes: What the ticket system could not be told for so long has failed.
        unknown_minutes: An escalation of which nobody knows whether it happened is warned of after so long.
    """

    cooldown_minutes: int = Field(default=240, ge=1, le=43_200)
    max_steps: int = Field(default=3, ge=1, le=20)
    risk_minutes: int = Field(default=30, ge=1, le=240)
    give_up_minutes: int = Field(default=90, ge=1, le=1_440)
    unknown_minutes: int = Field(default=60, ge=1, le=10_080)
