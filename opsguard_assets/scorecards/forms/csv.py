"""The figures of a scorecard as CSV (RFC 4180, UTF-8): one line per key figure, of the client and of each site.

The last lines are money: what acting was worth in an average month, the price of the plan, how many times that is.

Here: lines and safe cells. Not here: what else a card says; the other forms have that.

Numbers have a decimal point, all their digits and no grouping, instants are UTC. A text that a spreadsheet would take
for a formula (it begins with =, +, -, @ or one of their wide forms) gets an apostrophe in front, which spreadsheets do
not show; control characters are taken out, so that no text begins with a tab or a line break. Numbers stay numbers.
"""

import csv as writer
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from opsguard_assets.scorecards.card.card import Card, Measure
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.seal import digest_of
from opsguard_assets.scorecards.forms.sentences import returns_of

COLUMNS = (
    "client_id", "client", "month", "site_id", "site", "kpi", "value", "unit", "numerator", "denominator", "per", "low",
    "high", "band", "target", "before", "year_before", "missing", "excluded", "data_through", "is_provisional",
    "timezone", "currency", "restatement", "status", "digest",
)  # fmt: skip
_AFTER_ENDS = COLUMNS[COLUMNS.index("high") + 1 : COLUMNS.index("timezone")]
_FORMULAS = ("=", "+", "-", "@", *(chr(ord(sign) + 0xFEE0) for sign in "=+-@"))


class _Lines(list[str]):
    """What a writer of CSV takes for a file."""

    write = list.append


def csv(card: Card, kpis: Kpis) -> bytes:
    """The file of a card.

    Args:
        card: With its seal, or without one.
        kpis: The registry; a figure that is not in it is left out.
    """
    lines = _Lines()
    sheet = writer.writer(lines)
    sheet.writerow(COLUMNS)
    sheet.writerows(_rows(card, kpis))
    return "".join(lines).encode()


def safe(text: str) -> str:
    """A received text that no spreadsheet takes for a formula."""
    cleaned = plain(text)
    return f"'{cleaned}" if cleaned.startswith(_FORMULAS) else cleaned


def _rows(card: Card, kpis: Kpis) -> Iterator[tuple[str, ...]]:
    whole = (_text(card.client_id), safe(card.client_name))
    end = (
        card.timezone,
        card.currency,
        str(card.number),
        card.seal.status if card.seal else "preview",
        digest_of(card),
    )
    places = [("", "", card.measures), *((safe(site.site_id), safe(site.name), site.measures) for site in card.sites)]
    for site_id, name, measures in places:
        for one in measures:
            if one.kpi in kpis:
                yield (*whole, one.month.isoformat(), site_id, name, *_figure(one, kpis), *end)
    found = returns_of(card)
    of_month, price_unit = (*whole, card.month.isoformat(), "", ""), card.price_currency or card.currency
    for name, unit, value, low, high in (
        ("worth_a_month", card.currency, found.worth, found.low, found.high),
        ("plan_price", price_unit, card.price, None, None),
        ("return_on_price", "times", found.times, found.times_low, found.times_high),
    ):
        if value is not None:
            ends = ("", "", "", _number(low), _number(high))
            yield (*of_month, name, _number(value), unit, *ends, *[""] * len(_AFTER_ENDS), *end)


def _figure(measure: Measure, kpis: Kpis) -> tuple[str, ...]:
    return (
        measure.kpi,
        _number(measure.value),
        kpis[measure.kpi].unit,
        _number(measure.numerator),
        _number(measure.denominator),
        "" if measure.per is None else str(measure.per),
        *(_number(one) for one in (measure.low, measure.high)),
        measure.band or "",
        *(_number(one) for one in (measure.target, measure.before, measure.year_before)),
        _text(measure.missing),
        safe("; ".join(f"{one.reason}: {one.rows}" for one in measure.excluded)),
        _instant(measure.data_through),
        "true" if measure.is_provisional else "false",
    )


def _text(text: str | None) -> str:
    return safe(text) if text else ""


def _number(number: Decimal | None) -> str:
    return "" if number is None else format(number, "f")


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else ""
