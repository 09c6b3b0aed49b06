"""Matchers as expressions: which rows of alerts or incidents a rule is about.

Here: one Polars expression per matcher. Not here: the shape of matchers (`config.matching`), and which rules there are
(`config.routing`).
"""

from typing import Any, Final

import polars as pl

from opsguard_assets.config.matching import Matcher
from opsguard_assets.tables.values import PLANS, SEVERITIES

# Field of a matcher -> the column that holds it, and the order of its words where they have one.
FIELDS: Final[dict[str, tuple[str, tuple[str, ...] | None]]] = {
    "type": ("alert_type", None),
    "cause": ("cause", None),
    "team": ("team", None),
    "client": ("client_id", None),
    "site": ("site_id", None),
    "entity_type": ("entity_type", None),
    "entity": ("entity_id", None),
    "plan": ("plan", PLANS),
    "severity": ("severity", SEVERITIES),
    "priority": ("priority", None),
    "alerts": ("alerts", None),
    "life_safety": ("is_life_safety", None),
}
YES: Final = pl.lit(value=True)


def matches(matcher: Matcher | None) -> pl.Expr:
    """Whether a row is one that a matcher is about; never null. No matcher is about every row.

    Args:
        matcher: Over columns of `FIELDS`.
    """
    if matcher is None:
        return YES
    parts = [_compared(name, getattr(matcher, name)) for name in FIELDS if getattr(matcher, name) is not None]
    if matcher.all_ is not None:
        parts += [matches(part) for part in matcher.all_]
    if matcher.any_ is not None:
        parts.append(pl.any_horizontal(matches(part) for part in matcher.any_))
    if matcher.not_ is not None:
        parts.append(~matches(matcher.not_))
    return pl.all_horizontal(parts)


def _compared(name: str, comparison: Any) -> pl.Expr:
    """All comparisons with one field. What is unknown compares with nothing."""
    column, order = FIELDS[name]
    value = pl.col(column)
    parts = []
    if comparison.is_ is not None:
        parts.append(value == comparison.is_)
    if getattr(comparison, "in_", None) is not None:
        parts.append(value.is_in(list(comparison.in_)))
    for bound, is_least in (("at_least", True), ("at_most", False)):
        limit = getattr(comparison, bound, None)
        if limit is None:
            continue
        if order is None:
            parts.append(value >= limit if is_least else value <= limit)
        else:
            place = order.index(limit)
            parts.append(value.is_in(list(order[place:] if is_least else order[: place + 1])))
    return pl.all_horizontal(parts).fill_null(value=False)
