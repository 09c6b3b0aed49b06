"""Pictures of revenue: movements, cohorts, adoption, and how sensitive a scenario is. Not here: the figures."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import dataframely as dy
import polars as pl

from opsguard_assets.drawing import Colour, bar, dot, legend, line, svg, text
from opsguard_assets.finance.projection.scenarios import Scenario
from opsguard_assets.finance.revenue.movements import GAINS, MOVEMENTS
from opsguard_assets.finance.revenue.schemas import Adoption, Arr, Cohorts

_COLOURS: Final[dict[str, Colour]] = {
    "new": "blue", "reactivation": "violet", "expansion": "pale", "contraction": "sand", "churn": "red",
}  # fmt: skip
_MONTHS, _STEP, _HALF, _TOP, _LEFT = 24, 34, 110, 66, 74
_CELL, _MOST_COHORTS = 40, 18


def money(amount: Decimal | float) -> str:
    """An amount in few letters, for pictures: 12.5k."""
    value = float(amount)
    size = abs(value)
    if size >= 1_000_000:  # noqa: PLR2004 - a million
        return f"{value / 1_000_000:.1f}m"
    return f"{value / 1000:.1f}k" if size >= 10_000 else f"{value:,.0f}"  # noqa: PLR2004 - ten thousand


def movements_plot(months: dy.DataFrame[Arr]) -> bytes:
    """What was gained above the line and lost below it, by month: rows of `schemas.Arr`, the last two years."""
    rows = months.sort("month").tail(_MONTHS)
    most = max([1.0, *(float(sum(row[k] for k in MOVEMENTS if k in GAINS)) for row in rows.iter_rows(named=True))])
    most = max([most, *(float(row["contraction"] + row["churn"]) for row in rows.iter_rows(named=True))])
    base = _TOP + _HALF
    parts = [*legend([(name, _COLOURS[name]) for name in MOVEMENTS], 36)]
    parts += [text(_LEFT - 8, _TOP + 8, f"+{money(most)}", anchor="end"), text(_LEFT - 8, base + 4, "0", anchor="end")]
    parts.append(text(_LEFT - 8, base + _HALF, f"-{money(most)}", anchor="end"))
    for place, row in enumerate(rows.iter_rows(named=True)):
        x = _LEFT + place * _STEP
        parts += _stacked(row, x, base, _HALF / most)
        parts.append(text(x + _STEP / 2 - 3, base + _HALF + 18, f"{row['month']:%b}", anchor="middle", size=10))
        if place == 0 or row["month"].month == 1:
            parts.append(text(x, base + _HALF + 32, f"{row['month']:%Y}", size=10))
    width = _LEFT + _STEP * max(len(rows), 10) + 10
    parts.append(line((_LEFT, base), (width - 10, base), "ink"))
    return svg("Movements of monthly recurring revenue", parts, width, base + _HALF + 44)


def _stacked(row: dict[str, object], x: float, base: float, scale: float) -> Iterator[str]:
    up = down = base
    for name in MOVEMENTS:
        amount = float(str(row[name]))
        if not amount:
            continue
        height, words = amount * scale, f"{row['month']:%Y-%m} {name}: {amount:,.2f}"
        if name in GAINS:
            up -= height
            yield bar(x, up, _STEP - 6, height, _COLOURS[name], words=words)
        else:
            yield bar(x, down, _STEP - 6, height, _COLOURS[name], words=words)
            down += height


def cohorts_plot(cohorts: dy.DataFrame[Cohorts]) -> bytes:
    """What of its first month's revenue each cohort pays later: a row per cohort, a column per month of age."""
    firsts = cohorts["cohort"].unique().sort().tail(_MOST_COHORTS).to_list()
    rows = cohorts.filter(pl.col("cohort").is_in(firsts), pl.col("age") < _MONTHS)
    parts = [text(_LEFT, 44, "months since the first paid one")]
    ages = int(str(rows["age"].max() or 0)) + 1 if len(rows) else 1
    parts += [text(_LEFT + n * _CELL + _CELL / 2, 60, str(n), anchor="middle", size=10) for n in range(ages)]
    for cohort, age, share in rows.select("cohort", "age", "share").iter_rows():
        x, y = _LEFT + age * _CELL, _TOP + firsts.index(cohort) * 22
        colour: Colour = "rose" if share < 0.8 else "sand" if share < 0.95 else "mist" if share < 1.05 else "pale"  # noqa: PLR2004
        parts.append(bar(x, y, _CELL - 2, 20, colour, words=f"{cohort:%Y-%m}, month {age}: {share:.1%}"))
        parts.append(text(x + _CELL / 2 - 1, y + 14, f"{share:.0%}", anchor="middle", size=10))
    parts += [text(_LEFT - 8, _TOP + n * 22 + 14, f"{first:%Y-%m}", anchor="end") for n, first in enumerate(firsts)]
    return svg(
        "Cohorts: revenue kept", parts, max(_LEFT + ages * _CELL + 10, 320), _TOP + 22 * max(len(firsts), 1) + 10
    )


def adoption_plot(adoption: dy.DataFrame[Adoption], month: date) -> bytes:
    """The share of clients that used each feature in a month; a line is the target."""
    rows = adoption.filter(pl.col("month") == month)
    left, wide, parts = 150, 360, []
    for place, row in enumerate(rows.iter_rows(named=True)):
        y = 44 + place * 24
        parts.append(text(left - 8, y + 12, row["feature"].replace("_", " "), anchor="end"))
        if row["share"] is None:
            parts.append(text(left, y + 12, "not measured", colour="grey"))
        else:
            words = f"{row['using']} of {row['clients']}"
            parts += [bar(left, y, wide * row["share"], 16, "blue", words=words)]
            parts.append(text(left + wide * row["share"] + 6, y + 12, words, size=10))
        if row["target"] is not None:
            at = left + wide * row["target"]
            parts.append(line((at, y - 3), (at, y + 19), "amber", width=3))
    title = f"Clients that used a feature, {month:%B %Y}; amber: the target"
    return svg(title, parts, left + wide + 90, 60 + 24 * max(len(rows), 1))


def sensitivity_plot(scenario: Scenario) -> bytes:
    """ARR by adoption and price around a scenario, in fifths; its own place is marked."""
    steps = [Decimal(number) / 5 for number in range(3, 8)]
    parts, most = [], float(scenario.arr) * float(max(steps)) ** 2 or 1.0
    for row, share in enumerate(reversed(steps)):
        adoption = min(scenario.adoption * share, Decimal(1))
        y = 66 + row * 30
        parts.append(text(74, y + 19, f"{adoption:.0%}", anchor="end"))
        for place, times in enumerate(steps):
            price = scenario.price * times
            arr = scenario.clients * scenario.sites_per_client * adoption * price * 12
            depth: Sequence[Colour] = ("mist", "pale", "blue")
            shade = depth[min(int(float(arr) / most * len(depth)), len(depth) - 1)]
            x = 84 + place * 84
            parts.append(bar(x, y, 80, 28, shade, words=f"{adoption:.0%} at {price:,.2f}: {arr:,.0f} a year"))
            parts.append(text(x + 40, y + 19, money(arr), anchor="middle"))
            if share == times == 1:
                parts.append(dot(x + 8, y + 8, "amber", radius=4))
            if row == 0:
                parts.append(text(x + 40, 58, f"{price:,.0f}", anchor="middle", size=10))
    return svg(f"ARR by adoption and price: {scenario.name}", parts, 84 + 5 * 84 + 10, 66 + 5 * 30 + 10)
