"""The plans that clients buy: what they hold, what they cost, and where one client differs.

Here: what a file says of plans. Not here: features (`features`), which client has which plan (`clients.plan`), who
receives what at a moment and what it costs then (`opsguard_assets.entitlements`).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opsguard_assets.config.base import Strict
from opsguard_assets.config.features import FEATURE_NAMES, FEATURES, FeatureName, with_included

PLAN_NAMES = ("bronze", "silver", "gold")
PlanName = Literal["bronze", "silver", "gold"]
Amount = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class Price(Strict):
    """An entry of a price list.

    Attributes:
        valid_from: The first day of it, in the zone of operations; the earliest entry of a plan is also that of before.
        amount: The price.
        per: What it pays for; of a year, a twelfth counts for each month.
    """

    valid_from: date = date.min
    amount: Amount
    per: Literal["month", "year"] = "month"


def _as_list(given: Any) -> Any:
    """A single price stands for a list of one."""
    if isinstance(given, bool) or given is None:
        return given
    if isinstance(given, int | float | str | Decimal):
        return ({"amount": given},)
    return (given,) if isinstance(given, Mapping) else given


def _ordered(prices: tuple[Price, ...]) -> tuple[Price, ...]:
    days = [each.valid_from for each in prices]
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        raise ValueError(f"two prices are valid from {twice[0]}; give each a valid_from of its own")
    return tuple(sorted(prices, key=lambda each: each.valid_from))


Prices = Annotated[tuple[Price, ...], BeforeValidator(_as_list), AfterValidator(_ordered)]


class Plan(Strict):
    """One plan.

    Attributes:
        features: What it holds; None for what `features` declares.
        alerts: Types of alerts that it holds; None where the features hold theirs. A type that no plan holds is
            everybody's.
        price: Per site and month, as a number or a list with `valid_from`.
    """

    features: tuple[FeatureName, ...] | None = None
    alerts: tuple[str, ...] | None = None
    price: Prices = ()


class AddOn(Strict):
    """What a feature costs beside a plan that does not hold it.

    Attributes:
        price: The price, as a number or a list with `valid_from`.
        per: What it is paid for, every month.
    """

    price: Prices
    per: Literal["site", "device", "client"] = "site"


class Dated(Strict):
    """Something that holds for a time.

    Attributes:
        starts_on: Its first day; left out: from the beginning.
        ends_on: Its last day; left out: without end.
    """

    starts_on: date | None = None
    ends_on: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError(f"it ends on {self.ends_on}, before it starts on {self.starts_on}")
        return self

    def holds(self, on: date) -> bool:
        """Whether it holds on a day."""
        return (self.starts_on is None or self.starts_on <= on) and (self.ends_on is None or on <= self.ends_on)


class Particular(Dated):
    """A feature that a client receives beside its plan, or does not receive.

    Attributes:
        feature: Which one.
    """

    feature: FeatureName


class Discount(Dated):
    """A lasting discount: it reduces recurring revenue while it holds.

    Attributes:
        share: Part of the whole bill, 0..1.
        amount: Money per month.
    """

    share: Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)] = Decimal(0)
    amount: Amount = Decimal(0)


class Trial(Dated):
    """A plan to try: it is received instead of the bought one, and the client pays nothing.

    Attributes:
        plan: The plan.
        ends_on: The last day.
    """

    plan: PlanName
    ends_on: date


class Credit(Strict):
    """A single credit: it reduces one invoice and no recurring revenue.

    Attributes:
        on: The day; it is on the invoice of that month.
        amount: Money.
        reason: What it is for.
    """

    on: date
    amount: Amount
    reason: str


def _as_particulars(given: Any) -> Any:
    """A name stands for a feature without dates."""
    if not isinstance(given, list | tuple):
        return given
    return tuple({"feature": each} if isinstance(each, str) else each for each in given)


Particulars = Annotated[tuple[Particular, ...], BeforeValidator(_as_particulars)]


class ClientTerms(Strict):
    """Where a client differs from its plan.

    Attributes:
        price: Per site and month instead of the plan's, from the first `valid_from` on.
        add: Features beside the plan, each at its add-on price.
        remove: Features that it does not receive.
        discounts: Lasting discounts.
        trial: A plan to try.
        credits: Single credits.
        ends_on: The last day of service; left out: without end.
    """

    price: Prices = ()
    add: Particulars = ()
    remove: Particulars = ()
    discounts: tuple[Discount, ...] = ()
    trial: Trial | None = None
    credits: tuple[Credit, ...] = ()
    ends_on: date | None = None


def _price(amount: str) -> tuple[Price, ...]:
    return (Price(amount=Decimal(amount)),)


# The lowest of each range that contracts name.
_ADD_ONS: Mapping[FeatureName, AddOn] = {
    "triage": AddOn(price=_price("150")),
    "sla_prevention": AddOn(price=_price("75")),
    "shift_compliance": AddOn(price=_price("100")),
    "device_health": AddOn(price=_price("2"), per="device"),
    "vendor_performance": AddOn(price=_price("50")),
    "remediation": AddOn(price=_price("50")),
    "scorecard": AddOn(price=_price("200"), per="client"),
}


class Plans(Strict):
    """What each plan holds and costs, the smallest first; a client of whom no plan is known receives all alerts.

    Attributes:
        bronze: Triage, basic predictive alerts, scorecard.
        silver: Bronze, and SLA prevention, shift compliance, device health, vendor performance.
        gold: Silver, and remediation, advanced device assurance, priority support.
        currency: Of all prices.
        add_ons: What a feature costs beside a plan that does not hold it.
        clients: Where clients differ, by their identifier.
    """

    bronze: Plan = Plan(price=_price("100"))
    silver: Plan = Plan(price=_price("300"))
    gold: Plan = Plan(price=_price("500"))
    currency: Currency = "USD"
    add_ons: Mapping[FeatureName, AddOn] = _ADD_ONS
    clients: Mapping[str, ClientTerms] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _with_default_prices(cls, given: Any) -> Any:
        """A plan that says something else keeps its price, and so do add-ons that are not named."""
        if not isinstance(given, Mapping):
            return given
        if isinstance(given.get("add_ons"), Mapping):
            given = {**given, "add_ons": {**_ADD_ONS, **given["add_ons"]}}
        usual = {name: cls.model_fields[name].default.price for name in PLAN_NAMES}
        named = {n: given[n] for n in PLAN_NAMES if isinstance(given.get(n), Mapping) and "price" not in given[n]}
        return {**given, **{name: {**plan, "price": usual[name]} for name, plan in named.items()}}

    def features_by_plan(self) -> dict[str, tuple[FeatureName, ...]]:
        """What each plan holds, with what comes with it."""
        held = {}
        for place, name in enumerate(PLAN_NAMES):
            given: tuple[FeatureName, ...] | None = getattr(self, name).features
            declared = tuple(f for f in FEATURE_NAMES if FEATURES[f].plan in PLAN_NAMES[: place + 1])
            held[name] = declared if given is None else with_included(given)
        return held

    def alerts_by_plan(self, features: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
        """Types of alerts per plan.

        Args:
            features: The feature that each type belongs to; None where it is everybody's.
        """
        held = {}
        for name, contained in self.features_by_plan().items():
            given: tuple[str, ...] | None = getattr(self, name).alerts
            declared = tuple(kind for kind, feature in features.items() if feature in contained)
            held[name] = declared if given is None else given
        return held

    def exceptions_on(self, day: date) -> Iterable[tuple[str, FeatureName, bool]]:
        """Client, feature, and whether it is added or removed, of all exceptions that hold on a day."""
        for client, terms in self.clients.items():
            added = with_included(tuple(each.feature for each in terms.add if each.holds(day)))
            removed = {each.feature for each in terms.remove if each.holds(day)}
            yield from ((client, feature, True) for feature in added if feature not in removed)
            yield from ((client, feature, False) for feature in sorted(removed))
