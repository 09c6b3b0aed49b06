"""Evidence of an alert as pairs of words and values. Not here: the proposals in it, which are tables of their own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from opsguard_assets.views.clocks import clock
from opsguard_assets.views.texts import line

_INSTANTS = {"resolution_due_at", "last_at", "since_at", "below_60_since_at"}


def facts_of(evidence: Mapping[str, Any] | None, zone: str) -> list[tuple[str, str]]:
    """The facts of some evidence: what each is called, and its value for people.

    Args:
        evidence: The evidence of an alert.
        zone: The time zone in which instants are said.
    """
    return [
        (line(name.lstrip("_").replace("_", " ")), _value(name, value, zone))
        for name, value in (evidence or {}).items()
        if value not in (None, "", []) and name != "proposals"
    ]


def _value(name: str, value: object, zone: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1%}" if "risk" in name or name == "fraction_used" else f"{value:,.1f}"
    if name in _INSTANTS and isinstance(value, str):
        try:
            return clock(datetime.fromisoformat(value), zone)
        except ValueError:
            return line(value)
    return line(str(value))
