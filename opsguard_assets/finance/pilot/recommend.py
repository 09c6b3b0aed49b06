"""Which plan follows from a pilot, and why.

Here: the rule. Not here: what things are worth and cost (`figures`, `io`), words (`spoken`).

Only what was measured or counted has a say; an estimate has none. The rule, first match wins:

1. Value that is told from none pays for the plan of the pilot: that plan.
2. It does not, and something that was to be measured cannot be said yet: none, with what is missing.
3. It does not: the smallest plan that holds what was used; and that the tried one did not pay.

Alerts that a greater plan would have sent are named beside it, with what such troubles cost if each came true. That is
no saving, so it never decides; it is a reason for a trial.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from opsguard_assets.config.plans import PLAN_NAMES
from opsguard_assets.finance.pilot.pilot import Reason, Waiting


@dataclass(frozen=True, kw_only=True)
class Case:
    """What speaks for which plan.

    Attributes:
        plan: That of the pilot; None: unknown.
        worth: What was measured and counted, less what false alarms cost; None: nothing is known of it.
        prices: What each plan costs for the days of the pilot; empty where nothing is known.
        is_comparable: Whether worth and prices are in one currency.
        least: The smallest plan that holds the features that were used; None where none was.
        used: These features.
        waiting: What cannot be said yet.
        shadow: Of each greater plan: how many alerts it would have sent, of which features, what such troubles cost.
    """

    plan: str | None
    worth: Decimal | None
    prices: Mapping[str, Decimal]
    is_comparable: bool
    least: str | None
    used: Sequence[str]
    waiting: Sequence[Waiting]
    shadow: Mapping[str, tuple[int, tuple[str, ...], Decimal]]


def recommended(case: Case) -> tuple[str | None, tuple[Reason, ...]]:
    """The plan and the reasons, the deciding one first; None where there is none yet."""
    plan, reasons = _decided(case)
    greater = [
        Reason(code="shadow", plan=name, count=count, features=features, worth=cost, price=case.prices.get(name))
        for name in PLAN_NAMES
        if name in case.shadow
        for count, features, cost in [case.shadow[name]]
    ]
    return plan, (*reasons, *greater)


def _decided(case: Case) -> tuple[str | None, list[Reason]]:
    if case.plan is None or case.plan not in case.prices:
        return None, [Reason(code="no_plan")]
    price = case.prices[case.plan]
    money = {"plan": case.plan, "worth": case.worth, "price": price}
    if case.worth is not None and not case.is_comparable:
        return None, [Reason(code="other_currency", **money)]
    if case.worth is not None and case.worth >= price > 0:
        return case.plan, [Reason(code="pays", **money)]
    if case.waiting:
        weeks = [each.weeks for each in case.waiting]
        known = None if None in weeks else max(each for each in weeks if each is not None)
        return None, [Reason(code="not_enough", count=known, **money)]
    if case.least is None:
        return None, [Reason(code="unused", **money)]
    code = "does_not_pay" if case.worth is not None else "worth_unknown"
    return case.least, [
        Reason(code=code, **money),
        Reason(code="used", plan=case.least, features=tuple(case.used), price=case.prices.get(case.least)),
    ]
