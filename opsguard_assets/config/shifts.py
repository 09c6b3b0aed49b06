"""Thresholds and limits of shifts.

Here: thresholds. Not here: the calendar, which follows rosters alone.
"""

from pydantic import Field

from opsguard_assets.config.base import Strict

# An alert of a probability that moves around its threshold is one alert, not many.
_CLEARS_AT = 0.75


class Shifts(Strict):
    """Shift compliance.

    Attributes:
        late_after_minutes: An arrival later than this after the start is late.
        no_show_after_minutes: Nobody by then is a no-show.
        early_before_minutes: A departure earlier than this before the end is an early exit.
        open_after_minutes: A departure that nobody punched for so long after the end leaves the shift open.
        days_ahead: Days that the calendar reaches ahead.
        rest_hours: A person who is proposed as a substitute has rested so long before, and can afterwards.
        substitute_within_km: Nobody is proposed who is based farther away: at 100 km a guard is there in about an hour
            and a half.
        substitute_travel_minutes: Who takes a running shift over by an offer is expected so long after saying yes.
        no_show_risk_for: Clients whose shifts of the next 24 hours get a probability of a no-show; `*` for all. Nobody
            by default: read docs/shifts.md on fairness before.
        no_show_alert_from: Such a probability raises an alert from here.
        proposals: Maximum number of proposed substitutes.
    """

    late_after_minutes: float = Field(default=15, ge=0)
    no_show_after_minutes: float = Field(default=120, gt=0)
    early_before_minutes: float = Field(default=15, ge=0)
    open_after_minutes: float = Field(default=60, ge=0)
    days_ahead: int = Field(default=14, ge=1, le=60)
    rest_hours: float = Field(default=10, ge=0)
    substitute_within_km: float = Field(default=100, gt=0)
    substitute_travel_minutes: float = Field(default=45, ge=0, le=480)
    no_show_risk_for: tuple[str, ...] = ()
    no_show_alert_from: float = Field(default=0.4, gt=0, lt=1)
    proposals: int = Field(default=3, ge=0, le=10)

    @property
    def no_show_clear_below(self) -> float:
        """The probability below which such an alert clears."""
        return self.no_show_alert_from * _CLEARS_AT
