"""What learning may cost, and what is at stake in money: settings that trainings read.

Here: tuning budgets and costs. Not here: thresholds of alerts (`settings`).
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsguard_assets.config.base import Strict

Candidate = Literal["logistic_regression", "hist_gradient_boosting", "lightgbm", "hazard"]


class Learning(Strict):
    """Trainings.

    Attributes:
        tuning_seconds: No trial of other parameters begins after so many seconds of a training.
        tuning_trials: Maximum number of trials per candidate; 0 uses the default parameters.
        candidates: Who competes; all of them where none is named. The survival model is the best and the slowest.
    """

    tuning_seconds: float = Field(default=60, ge=0)
    tuning_trials: int = Field(default=8, ge=0)
    candidates: tuple[Candidate, ...] = ()


class ClientMoney(Strict):
    """What one is worth to one client, in its currency; what is left out is as for all."""

    breach_cost: float | None = Field(default=None, ge=0)
    no_show_cost: float | None = Field(default=None, ge=0)
    alert_minutes: float | None = Field(default=None, ge=0)
    hourly_cost: float | None = Field(default=None, ge=0)


class Money(Strict):
    """What a miss and an alert cost, in the currency of your contracts.

    Attributes:
        breach_cost: Penalty of one missed deadline (contracts say 1,000 to 5,000; the least is assumed).
        failure_cost: What a device that fails without warning costs: the visit at once, the time without it. An
            assumption until you know better.
        no_show_cost: What a shift costs to which nobody comes: an empty post, somebody called at short notice. An
            assumption, too.
        late_order_cost: What a work order costs that misses its due time: somebody waits, asks, comes again. An
            assumption, too.
        service_call_cost: What a visit costs that could have been planned, and what an alert of another system is about
            where nothing else is known of it (150 to 300; the least is assumed).
        life_safety_cost: What a fire, an intrusion or the like costs that nobody sees to. An assumption, too.
        alert_minutes: Minutes that somebody needs to handle one alert.
        hourly_cost: What an hour of that person costs.
        prevented_share: Share of the breaches announced in time that acting prevents. An assumption until a hold-out
            measures it.
        lead_minutes: An alert with less time than this before the deadline comes too late to prevent anything.
        clients: What one is worth to single clients, by their identifiers, for the value on their scorecards.
    """

    breach_cost: float = Field(default=1_000, ge=0)
    failure_cost: float = Field(default=300, ge=0)
    no_show_cost: float = Field(default=300, ge=0)
    late_order_cost: float = Field(default=200, ge=0)
    service_call_cost: float = Field(default=150, ge=0)
    life_safety_cost: float = Field(default=10_000, ge=0)
    alert_minutes: float = Field(default=15, ge=0)
    hourly_cost: float = Field(default=25, ge=0)
    prevented_share: float = Field(default=0.3, ge=0, le=1)
    lead_minutes: float = Field(default=60, ge=0)
    clients: Mapping[str, ClientMoney] = Field(default_factory=dict)

    def units_of(self, client_id: str | None) -> dict[str, float]:
        """The unit values of a client (the fields of `ClientMoney`); None: those for all clients."""
        own = self.clients.get(client_id or "", ClientMoney()).model_dump(exclude_none=True)
        return {name: own.get(name, getattr(self, name)) for name in ClientMoney.model_fields}

    @property
    def alert_cost(self) -> float:
        """What handling one alert costs."""
        return self.alert_minutes / 60 * self.hourly_cost
