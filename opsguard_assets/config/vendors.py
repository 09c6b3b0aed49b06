"""Thresholds and limits of vendors.

Here: thresholds. Not here: weights of the score and grades (domain rules, `opsguard_assets.vendors.scores.score`).
"""

from pydantic import Field

from opsguard_assets.config.base import Strict

# An alert of a probability that moves around its threshold is one alert, not many.
_CLEARS_AT = 0.8


class Vendors(Strict):
    """Vendor performance.

    Attributes:
        window_days: The score looks back so many days.
        fewest_jobs: A vendor with fewer jobs is shown, and neither ranked nor alerted.
        score_drop: A score that falls by so many points from one whole month to the next raises an alert.
        sla_target: A smaller share of jobs done by their due time raises an alert.
        late_alert_from: The probability that an open order misses its due time raises an alert from here.
        overdue_high_hours: An order overdue for longer is of high severity, whatever its priority.
        cancelled: States, in lower case, of orders that were called off: they count nowhere.
        sentiment_days: Tickets opened at a site within so many days after a job there are shown beside the score.
    """

    window_days: int = Field(default=90, ge=7, le=366)
    fewest_jobs: int = Field(default=5, ge=1)
    score_drop: float = Field(default=10, gt=0, le=100)
    sla_target: float = Field(default=0.90, gt=0, lt=1)
    late_alert_from: float = Field(default=0.5, gt=0, lt=1)
    overdue_high_hours: float = Field(default=24, ge=0)
    cancelled: tuple[str, ...] = ("cancelled", "canceled", "void")
    sentiment_days: float = Field(default=7, gt=0)

    @property
    def late_clear_below(self) -> float:
        """The probability below which such an alert clears."""
        return self.late_alert_from * _CLEARS_AT
