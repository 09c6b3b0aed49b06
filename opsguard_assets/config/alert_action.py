"""How it is learned and judged whether alerts need a person. Not here: costs and life safety (`triage`)."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from opsguard_assets.config.base import Strict

# A probability that moves around its threshold is one change of mind, not many.
_CLEARS_AT = 0.8


class DeskStated(Strict):
    """What is stated beforehand of one desk.

    Attributes:
        alerts_per_day: How many alerts a day it can handle.
        real_per_day: How many of these have to need a person.
    """

    alerts_per_day: float = Field(gt=0)
    real_per_day: float = Field(gt=0)

    @model_validator(mode="after")
    def _not_more(self) -> Self:
        if self.real_per_day > self.alerts_per_day:
            raise ValueError("real_per_day is more than alerts_per_day; real ones are among the alerts")
        return self


class AlertAction(Strict):
    """Learning from the outcomes of alerts.

    Attributes:
        matures_after_hours: An alert that nobody took up within so many hours needed nobody. Before, its outcome is
            open: a label that is read sooner is a leak.
        alert_from: From this probability on an alert counts as one that needs a person: figures, gate and replays are
            told at it.
        noise_days: Precision of rules is computed over so many days.
        noisy_below: A rule is noise where the share of its alerts that needed a person is surely below this one.
        desk_alerts_per_day: How many alerts a day each desk (team) can handle. Stated beforehand, compared with what
            happened over `noise_days`.
        desk_real_per_day: How many of these have to need a person.
        desks: Name of a team -> the same two, where others are stated for its desk.
    """

    matures_after_hours: float = Field(default=4, gt=0, le=168)
    alert_from: float = Field(default=0.5, gt=0, lt=1)
    noise_days: int = Field(default=30, ge=1, le=366)
    noisy_below: float = Field(default=0.25, gt=0, lt=1)
    desk_alerts_per_day: float = Field(default=12, gt=0)
    desk_real_per_day: float = Field(default=9, gt=0)
    desks: Mapping[str, DeskStated] = Field(default_factory=dict)

    @property
    def clear_below(self) -> float:
        """The probability below which an alert no longer counts as one that needs a person."""
        return self.alert_from * _CLEARS_AT
