"""How failures of devices are predicted and alerted.

Here: horizons, thresholds and the budget of visits. Not here: the health of devices (`devices`), money (`learning`).
"""

from typing import Literal

from pydantic import Field, model_validator

from opsguard_assets.config.base import Strict

Horizon = Literal["1h", "24h", "7d", "30d"]


class DeviceFailure(Strict):
    """Predictions of device failures.

    Attributes:
        judged_within: The horizon that models are compared by and alerts are raised by.
        alert_from: An alert is raised from this risk, of low severity.
        medium_from: It is of medium severity.
        high_from: It is of high severity.
        clear_below: It clears below this risk.
        visits_per_day: How many devices people can visit in a day: so many of the greatest risk are listed, whatever
            the thresholds. Failures are rare, and most devices that will fail never reach a threshold.
    """

    judged_within: Horizon = "24h"
    alert_from: float = Field(default=0.65, gt=0, lt=1)
    medium_from: float = Field(default=0.70, gt=0, lt=1)
    high_from: float = Field(default=0.80, gt=0, lt=1)
    clear_below: float = Field(default=0.55, gt=0, lt=1)
    visits_per_day: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> "DeviceFailure":
        if not self.clear_below <= self.alert_from <= self.medium_from <= self.high_from:
            raise ValueError("clear_below, alert_from, medium_from and high_from must not fall")
        return self
