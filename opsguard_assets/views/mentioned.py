"""People whom executions mention by their identifier, found so that they can be shown by name.

Here: rows in, identifiers and texts out. Not here: reading names (`names`); what is stored keeps identifiers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opsguard_assets.views.names import Names
from opsguard_assets.views.texts import named

Row = Mapping[str, Any]
# What of a thing is a person; before and after may be a sentence, such as "the first of P1, P2 who says yes".
_OF_PEOPLE = frozenset({"owner", "assignee", "person"})
_WORD = re.compile(r"[^\s,;:]+")


def people_in_changes(changes: object) -> set[str]:
    """Words of changes that may be identifiers of people."""
    found = (change for change in _rows(changes) if change.get("attribute") in _OF_PEOPLE)
    values = (change.get(name) for change in found for name in ("before", "after"))
    return {word for value in values if isinstance(value, str) for word in _WORD.findall(value)}


def people_in_words(texts: Iterable[str | None]) -> set[str]:
    """Words of texts that may be identifiers of people: those for which a person is known are."""
    return {word.strip("().") for text in texts if text for word in _WORD.findall(text)} - {""}


def people_in_plans(steps: Iterable[Row]) -> set[str]:
    """Words of planned steps (`words`, `changes`) that may be identifiers of people."""
    kept = list(steps)
    in_changes = (people_in_changes(step["changes"]) for step in kept)
    return people_in_words(step["words"] for step in kept).union(*in_changes)


def people_in_steps(steps: Iterable[Row]) -> set[str]:
    """Identifiers of people in steps of executions: in their plans, changes and outputs."""
    found: set[str] = set()
    for step in steps:
        output, plan = step["output"] or {}, (step["input"] or {}).get("plan") or {}
        found |= people_in_changes(output.get("changes")) | people_in_changes(plan.get("changes"))
        found |= {output[name] for name in ("person_id", "substitute_id") if isinstance(output.get(name), str)}
        found |= {each["person_id"] for each in _rows(output.get("candidates")) if "person_id" in each}
        found |= {each for each in output.get("people") or () if isinstance(each, str)}
    return found


def people_in_history(history: Iterable[Row]) -> set[str]:
    """The actors in the history of an execution, also those that are no people."""
    return {row["actor"] for row in history}


def known_of(people: Iterable[str], names: Names) -> dict[str, str]:
    """Names by identifier, of those people whose name is known."""
    return {person: names.people[person] for person in people if person in names.people}


def change_words(change: Row, people: Mapping[str, str]) -> str:
    """A change as people read it: "ticket T-17, priority: high → critical"; people by name, where it is known."""
    shown = named_change(change, people)
    values = [shown.get(name) if shown.get(name) is not None else "nothing" for name in ("before", "after")]
    return f"{change.get('what')}, {change.get('attribute')}: {values[0]} \N{RIGHTWARDS ARROW} {values[1]}"


def named_change(change: Row, people: Mapping[str, str]) -> dict[str, Any]:
    """A change with people by name, where it is known."""
    if change.get("attribute") not in _OF_PEOPLE:
        return dict(change)
    values = {name: change[name] for name in ("before", "after") if change.get(name) is not None}
    return {**change, **{name: named(str(value), people) for name, value in values.items()}}


def named_history(history: Iterable[Row], people: Mapping[str, str]) -> list[dict[str, Any]]:
    """What happened to an execution, with people by name."""
    return [
        {**row, "actor": named(row["actor"], people), "detail": named(row["detail"] or "", people) or None}
        for row in history
    ]


def _rows(value: object) -> Iterator[Row]:
    yield from (each for each in value if isinstance(each, Mapping)) if isinstance(value, list | tuple) else ()
