"""Settings of SLA breach prevention. Not here: what follows from an alert (`escalation`, `alerts`)."""

from pydantic import Field, model_validator

from opsguard_assets.config.base import Strict


class SlaThresholds(Strict):
    """SLA breach prevention.

    Attributes:
        alert_from: Risk from which a ticket is alerted.
        high_from: Risk from which the alert is of high severity instead of medium.
        clear_below: Risk below which it clears.
        escalate_from: Risk from which a ticket is escalated.
        holdout_share: Share of the tickets, by a stable hash, that is scored and not acted on: prevention can be
            measured then.
        alerts_per_day: Maximum number of alerts of likely breaches per day, for the highest risks. Default: no limit.
        missed_tick_limit_minutes: A tick older than this is not caught up: the next one covers it.
    """

    alert_from: float = Field(default=0.70, gt=0, lt=1)
    high_from: float = Field(default=0.85, gt=0, lt=1)
    clear_below: float = Field(default=0.60, gt=0, lt=1)
    escalate_from: float = Field(default=0.80, gt=0, lt=1)
    holdout_share: float = Field(default=0.0, ge=0, le=0.5)
    alerts_per_day: int | None = Field(default=None, ge=0)
    missed_tick_limit_minutes: int = Field(default=60, ge=1)

    @property
    def reasons_from(self) -> float:
        """The risk from which a reason is told: of every alert until it clears, and of every escalation."""
        return min(self.clear_below, self.escalate_from)

    @model_validator(mode="after")
    def _in_order(self) -> "SlaThresholds":
        if not self.clear_below <= self.alert_from <= self.high_from:
            raise ValueError(
                f"clear_below ({self.clear_below}), alert_from ({self.alert_from}) and high_from ({self.high_from}) "
                "must rise in this order; give all three"
            )
        return self
