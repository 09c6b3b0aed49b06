"""Who could take the shift of an alert, as known now. Not here: the ranking (`shifts.coverage.substitutes`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from opsguard_assets.remediation.actions.action import World
from opsguard_assets.shifts.calendar.calendar import PLANNED
from opsguard_assets.shifts.calendar.io import calendar_at
from opsguard_assets.shifts.coverage.substitutes import Terms, Workforce, proposals, since_of
from opsguard_assets.tables.registry import ABSENCES, PEOPLE, SITES
from opsguard_assets.tables.values import INSTANT

_AHEAD: Final = timedelta(days=2)


@dataclass(frozen=True)
class Part:
    """Somebody's part in a shift that needs somebody else.

    Attributes:
        shift_id: The shift.
        roster_id: The roster that it comes from.
        on: Local day on which it starts (ISO).
        person_id: Who is missing.
        site_id: Where.
        ends_at: Until when somebody is needed (UTC).
    """

    shift_id: str
    roster_id: str
    on: str
    person_id: str
    site_id: str
    ends_at: datetime


@dataclass(frozen=True)
class Proposed:
    """Who could take it.

    Attributes:
        part: What is to be taken; None where the alert is about no shift that needs somebody.
        people: `shifts.coverage.substitutes.PROPOSAL`, the best first.
        why: Why there is nobody; None where there is somebody.
    """

    part: Part | None
    people: Sequence[Mapping[str, Any]]
    why: str | None


def substitutes_at(world: World, alert: Mapping[str, Any], most: int, now: datetime) -> Proposed:
    """Who could take the shift of an alert, the best first.

    Args:
        world: What is read.
        alert: An alert about somebody's part in a shift.
        most: Maximum number of people.
        now: The moment (UTC).
    """
    if alert["entity_type"] != "shift":
        return Proposed(None, (), "the alert is about no shift")
    shifts = calendar_at(world.lake, now, since=since_of(now), until=now + _AHEAD).shifts
    # Such a key ends with the shift and who is missing in it; identifiers may hold slashes themselves.
    missing = str(alert["dedup_key"]).rpartition(f"{alert['entity_id']}/")[2]
    rows = shifts.filter(pl.col("shift_id") == alert["entity_id"], pl.col("person_id") == missing)
    if rows.is_empty():
        return Proposed(None, (), f"{missing} has no part in shift {alert['entity_id']} any more")
    row = rows.row(0, named=True)
    if row["status"] != PLANNED:
        return Proposed(None, (), f"{missing} is {row['status']} already")
    if row["expected_until_at"] <= now:
        return Proposed(None, (), f"shift {alert['entity_id']} is over")
    part = Part(
        shift_id=row["shift_id"], roster_id=row["roster_id"], on=row["on"].isoformat(), person_id=missing,
        site_id=row["site_id"], ends_at=row["expected_until_at"],
    )  # fmt: skip
    workforce = Workforce(
        PEOPLE.typed(world.lake.known(PEOPLE, now).unique("person_id")).collect(),
        SITES.typed(world.lake.known(SITES, now).unique("site_id")).collect(),
        shifts,
        world.lake.known(ABSENCES, now).collect(),
    )
    chosen = world.settings.shifts
    need = rows.select(
        "requires", "site_id", "post", need=pl.lit(part.shift_id),
        starts_at=pl.max_horizontal(pl.lit(now, INSTANT), "expected_from_at"), ends_at="expected_until_at",
    )  # fmt: skip
    found = proposals(need, workforce, Terms(chosen.rest_hours, chosen.substitute_within_km, most)).row(0, named=True)
    return Proposed(part, found["proposals"], found["nobody"])
