"""How it is learned and judged whether alerts need a person. Not here: costs and life safety (`triage`)."""

from pydantic import Field

from opsguard_assets.config.base import Strict

# A probability that moves around its threshold is one change of mind, not many.
_CLEARS_AT = 0.8


class AlertAction(Strict):
    """Learning from the outcomes of alerts.

    Attributes:
        matures_after_hours: An alert that nobody took up within so many hours needed nobody. Before, its outcome is
            open: a label that is read sooner is a leak.
        alert_from: From this probability on an alert counts as one that needs a person: figures, gate and replays are
            told at it.
        noise_days: Precision of rules is computed over so many days.
        noisy_below: A rule is noise where the share of its alerts that needed a person is surely below this one.
        desk_alerts_per_day: How many alerts a day the desk can handle. Stated beforehand, compared with what happened.
        desk_real_per_day: How many of these have to need a person.
    """

    matures_after_hours: float = Field(default=4, gt=0, le=168)
    alert_from: float = Field(default=0.5, gt=0, lt=1)
    noise_days: int = Field(default=30, ge=1, le=366)
    noisy_below: float = Field(default=0.25, gt=0, lt=1)
    desk_alerts_per_day: float = Field(default=12, gt=0)
    desk_real_per_day: float = Field(default=9, gt=0)

    @property
    def clear_below(self) -> float:
        """The probability below which it no longer counts as one."""
        return self.alert_from * _CLEARS_AT
