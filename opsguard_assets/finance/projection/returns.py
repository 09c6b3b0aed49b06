"""What a feature costs a client in a month, and what it saves: by given inputs, and by what was measured.

Here: the arithmetic and the examples. Not here: what was prevented (`scorecards.value`), and prices of clients.

A return is savings over costs, rounded down: 13.3 times is "13 times". Savings of inputs are a range, from the least to
the greatest unit value that contracts name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

import polars as pl


@dataclass(frozen=True, kw_only=True)
class Example:
    """Inputs of one feature, per month.

    Attributes:
        feature: Which one.
        units: What is paid for.
        price: Per unit.
        prevented: How many troubles it prevents, or hours it saves.
        of: What they are.
        low: The least that one of them is worth.
        high: The most.
        places: Decimals of the return that are said.
    """

    feature: str
    units: Decimal
    price: Decimal
    prevented: Decimal
    of: str
    low: Decimal
    high: Decimal
    places: int = 0

    @property
    def cost(self) -> Decimal:
        """What it costs."""
        return self.units * self.price

    @property
    def saves(self) -> tuple[Decimal, Decimal]:
        """What it saves, from and to."""
        return self.prevented * self.low, self.prevented * self.high

    @property
    def times(self) -> tuple[Decimal, Decimal]:
        """How many times its cost that is, rounded down."""
        return _times(self.saves[0], self.cost, self.places), _times(self.saves[1], self.cost, self.places)


def _times(saves: Decimal, cost: Decimal, places: int) -> Decimal:
    return (saves / cost).quantize(Decimal(1).scaleb(-places), ROUND_DOWN)


# Unit values as contracts name them: a breach 1,000 to 5,000, a service call 150 to 300, a no-show 200 to 500, an hour
# of the desk 25; 7.5 hours a day over 30 days are 225.
EXAMPLES: Final = (
    Example(
        feature="sla_prevention", units=Decimal(1), price=Decimal(150), prevented=Decimal(2), of="breaches",
        low=Decimal(1_000), high=Decimal(5_000),
    ),
    Example(
        feature="device_health", units=Decimal(200), price=Decimal(3), prevented=Decimal(5), of="service calls",
        low=Decimal(150), high=Decimal(300), places=2,
    ),
    Example(
        feature="shift_compliance", units=Decimal(1), price=Decimal(200), prevented=Decimal(5), of="no-shows",
        low=Decimal(200), high=Decimal(500),
    ),
    Example(
        feature="remediation", units=Decimal(1), price=Decimal(100), prevented=Decimal(225), of="hours",
        low=Decimal(25), high=Decimal(25),
    ),
)  # fmt: skip
# Which value delivered (`scorecards/value_delivered`) belongs to which feature.
MEASURED_BY: Final = {
    "sla_prevention": ("breaches",),
    "device_health": ("device_failures",),
    "shift_compliance": ("no_shows",),
    "vendor_performance": ("late_orders",),
    "remediation": ("hours_saved",),
}


def from_inputs(examples: Sequence[Example] = EXAMPLES) -> list[dict[str, object]]:
    """The examples with costs, savings and returns."""
    return [
        {
            "feature": each.feature, "cost": each.cost, "prevented": each.prevented, "of": each.of,
            "saves_from": each.saves[0], "saves_to": each.saves[1], "times_from": each.times[0],
            "times_to": each.times[1],
        }
        for each in examples
    ]  # fmt: skip


def from_measured(delivered: pl.DataFrame | None, monthly_cost: pl.DataFrame) -> list[dict[str, object]]:
    """What was measured for each feature, beside what clients who receive it pay for it.

    Args:
        delivered: Rows of `scorecards/value_delivered` of one month: `client_id`, `item`, `method`, `months`, `money`;
            None where nothing was ever measured.
        monthly_cost: `feature`, `cost`: what clients pay in a month for what is bought beside plans.

    Returns:
        A row per feature: `feature`, `cost`, `saves`, `times`, `basis`: "measured", or "not measured". Only counted and
        measured value counts, and a negative one stays negative.
    """
    costs = dict(monthly_cost.select("feature", "cost").iter_rows())
    saved = _saved(delivered)
    found = []
    for feature, items in MEASURED_BY.items():
        values = [saved[item] for item in items if item in saved]
        cost = costs.get(feature)
        saves = sum(values, Decimal(0)) if values else None
        times = _times(saves, cost, 1) if saves is not None and cost else None
        basis = "measured" if values else "not measured"
        found.append({"feature": feature, "cost": cost, "saves": saves, "times": times, "basis": basis})
    return found


def _saved(delivered: pl.DataFrame | None) -> dict[str, Decimal]:
    """Money a month by item, of all clients together: windows hold several months."""
    if delivered is None or delivered.is_empty():
        return {}
    known = delivered.filter(
        pl.col("client_id").is_not_null(),
        pl.col("method").is_in(["counted", "measured"]),
        pl.col("money").is_not_null(),
    )
    sums = known.group_by("item").agg(saves=(pl.col("money") / pl.col("months")).sum())
    return {item: Decimal(str(saves)).quantize(Decimal("0.01")) for item, saves in sums.iter_rows()}
