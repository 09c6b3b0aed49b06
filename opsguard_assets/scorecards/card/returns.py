"""What acting was worth in an average month, and how many times the plan's price that is.

Here: which money may be added up, the sum with its interval, the return. Not here: single values (`scorecards.value`),
prices (`entitlements.prices`), words (`forms`).

Only what was counted one by one, or measured against a hold-out with an interval that does not hold 0, is added up; the
rest is named. Ends of the sum lie so far from it as the root of the summed squares of the parts' ends, which are
independent of each other. No return is told across currencies, of a plan that costs nothing, or where nothing is known.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from opsguard_assets.scorecards.card.card import Return, Value
from opsguard_assets.tables.months import months_between

_DIGITS = Decimal("0.000001")
# What the money of an item stands in for: that of deadlines stands at one of the two.
_INSTEAD = {"penalties": "breaches"}


def months_of(value: Value, month: date) -> int:
    """How many months a value is of, whose last one is this."""
    return max(months_between(value.window_starts, month), 1)


def holds_zero(value: Value) -> bool:
    """Whether the interval does not tell the effect from none."""
    return value.low is not None and value.high is not None and value.low <= 0 <= value.high


def counts_in_total(value: Value) -> bool:
    """Whether its money is shown in bold and added up: measured and not zero, or counted one by one."""
    return bool(value.money) and value.method in ("measured", "counted") and not holds_zero(value)


def returned(
    values: Sequence[Value], month: date, price: Decimal | None, currency: str, price_currency: str | None
) -> Return:
    """What acting was worth in an average month, beside the price of the plan.

    Args:
        values: Of the card.
        month: Its month.
        price: Of the plan for a month; None: not known.
        currency: Of the values.
        price_currency: Of the price; None: that of the values.
    """
    counted = [one for one in values if counts_in_total(one)]
    added = {_INSTEAD.get(one.item, one.item) for one in counted}
    unknown = [
        _INSTEAD.get(one.item, one.item)
        for one in values
        if one.method != "counted" and not counts_in_total(one) and _INSTEAD.get(one.item, one.item) not in added
    ]
    left_out = tuple(dict.fromkeys(unknown))
    if not counted:
        return Return(left_out=left_out)
    worth = sum((_monthly(one, month) for one in counted), Decimal(0))
    low, high = (worth + side * _distance(counted, month, side) for side in (-1, 1))
    is_comparable = bool(price) and price_currency in (None, currency)
    times = [_short(each / price) if is_comparable and price else None for each in (worth, low, high)]
    has_interval = low != high
    return Return(
        worth=_short(worth),
        low=_short(low) if has_interval else None,
        high=_short(high) if has_interval else None,
        times=times[0],
        times_low=times[1] if has_interval else None,
        times_high=times[2] if has_interval else None,
        left_out=left_out,
    )


def _monthly(value: Value, month: date) -> Decimal:
    return (value.money or Decimal(0)) / months_of(value, month)


def _distance(values: Sequence[Value], month: date, side: int) -> Decimal:
    """How far the lower (-1) or the upper end (1) of a sum lies from it."""
    squares = Decimal(0)
    for one in values:
        end = one.low if side < 0 else one.high
        if end is not None and one.count is not None and one.unit_value is not None:
            squares += ((end - one.count) * one.unit_value / months_of(one, month)) ** 2
    return squares.sqrt()


def _short(amount: Decimal) -> Decimal:
    return amount.quantize(_DIGITS).normalize() + 0
