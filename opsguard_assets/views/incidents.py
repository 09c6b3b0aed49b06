"""One incident for people: what, where, why, by when, who has it, what to do next, and its alerts.

Here: reading one incident, and composing its view. Not here: showing it, and its life (`opsguard_assets.incidents`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsguard_assets.alerts.finding import LIFE_SAFETY
from opsguard_assets.views import reading
from opsguard_assets.views.alerts import AHEAD, LIVE, LOST, SHOWN_REASONS, TIMELESS, described, owner_in_words
from opsguard_assets.views.names import Names, names_of
from opsguard_assets.views.texts import named
from resources.database import Database
from resources.lake import Lake

Row = dict[str, Any]
_AS_STORED = (
    "incident_id", "version", "state", "severity", "priority", "client_id", "site_id", "cause", "team",
    "opened_at", "acknowledged_by", "resolved_at", "unresolved",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class IncidentView:
    """An incident as people read it.

    Attributes:
        incident_id: Its number.
        version: Rises with every change that a message shows.
        state: `open`, `acknowledged` or `resolved`.
        severity: The gravest of its unresolved alerts.
        priority: 0 to 100.
        is_life_safety: Whether lives may depend on it.
        title: What is wrong, in one line, with the subject of its alert; not yet cleaned of hostile characters.
        topic: The same for a phone, a ticket by its title instead of its number, without `others`.
        others: How many alerts it has beside the one that the title is about.
        what: The types of its unresolved alerts with their numbers, such as "4 device silent, 1 site silent".
        where: Client and site by name; None where it is at none.
        client_id: Whose it is.
        site_id: Where it is.
        zone: Time zone of the site; None where it is unknown.
        why: At most two reasons with values.
        due_at: The nearest deadline that can still be kept; else the latest that has passed; None without one.
        minutes_left: Until then; negative once it has passed.
        standing: `AHEAD`, `TIMELESS` or `LOST` of `views.alerts`.
        holder: Who has it, in words.
        next_step: What to do next.
        cause: What its alerts have in common.
        team: Whose it is; None where nobody's.
        opened_at: Since when.
        acknowledged_by: Who acknowledged it; None where nobody did.
        resolved_at: When it ended; None while it has not.
        total: Alerts that ever joined it.
        unresolved: Alerts in it that are unresolved.
        alerts: Its alerts as `views.alerts.described` gives them, in that order.
        history: `at`, `actor`, `from_state`, `to_state`, `detail`, the first one first.
    """

    incident_id: int
    version: int
    state: str
    severity: str
    priority: int
    is_life_safety: bool
    title: str
    topic: str
    others: int
    what: str
    where: str | None
    client_id: str | None
    site_id: str | None
    zone: str | None
    why: tuple[str, ...]
    due_at: datetime | None
    minutes_left: int | None
    standing: str
    holder: str
    next_step: str
    cause: str
    team: str | None
    opened_at: datetime
    acknowledged_by: str | None
    resolved_at: datetime | None
    total: int
    unresolved: int
    alerts: tuple[Row, ...]
    history: tuple[Row, ...]


def incident_view(
    database: Database, names: Names, incident_id: int, now: datetime, *, inside: bool = True
) -> IncidentView | None:
    """The view of one incident; None where there is no such incident.

    Args:
        database: Where incidents are.
        names: Names for its alerts and its owner (`names_of_incidents`); what is not among them is shown by its number.
        incident_id: Which.
        now: The time from which the time left is counted.
        inside: Whether the reader works for the provider.
    """
    with database.begin() as connection:
        found = reading.incidents(connection, [incident_id])
        if not found:
            return None
        alerts = reading.alerts_in(connection, [incident_id])
        history = reading.incident_history(connection, incident_id)
    return composed(found[0], alerts, history, names, now, inside=inside)


def incident_views(database: Database, names: Names, incident_ids: Sequence[int], now: datetime) -> list[IncidentView]:
    """The views of some incidents, in the order of their numbers, without their history: two statements for all."""
    with database.begin() as connection:
        found = {row["incident_id"]: row for row in reading.incidents(connection, incident_ids)}
        alerts: dict[int, list[Row]] = {number: [] for number in found}
        for row in reading.alerts_in(connection, incident_ids):
            alerts[row["incident_id"]].append(row)
    return [composed(found[number], alerts[number], [], names, now) for number in incident_ids if number in found]


def names_of_incidents(database: Database, lake: Lake, incident_ids: Sequence[int]) -> Names:
    """The names that some incidents and their alerts need: two statements and one read per table of the lake."""
    with database.begin() as connection:
        rows = reading.incidents(connection, incident_ids)
        alerts = reading.alerts_in(connection, incident_ids)
    # Client and site of an incident without alerts are needed, too.
    places = [{"client_id": row["client_id"], "site_id": row["site_id"], **_NO_ENTITY} for row in rows]
    return names_of(lake, [*alerts, *places], people=[row["owner_id"] for row in rows])


_NO_ENTITY = {"entity_type": "incident", "entity_id": "", "evidence": None}


def composed(
    incident: Mapping[str, Any],
    alerts: Sequence[Mapping[str, Any]],
    history: Sequence[Row],
    names: Names,
    now: datetime,
    *,
    inside: bool = True,
) -> IncidentView:
    """The view of an incident from its rows.

    Args:
        incident: A row of `incidents`.
        alerts: Rows of the alerts that are in it, with their priority (`reading.alerts_in`).
        history: Its transitions.
        names: The names that they need.
        now: The time from which the time left is counted.
        inside: Whether the reader works for the provider.
    """
    rows = described(alerts, names, now, inside=inside)
    live = [row for row in rows if row["state"] in LIVE]
    # What can still be saved stands first, so the first alert says what the incident is about.
    telling = live or rows
    leading = telling[0] if telling else None
    due = _due(telling)
    title, topic, others = _titles(incident, telling, names.site(incident["site_id"]))
    return IncidentView(
        **{name: incident[name] for name in _AS_STORED},
        title=title,
        topic=topic,
        others=others,
        is_life_safety=incident["is_life_safety"] or any(row["alert_type"] in LIFE_SAFETY for row in live),
        what=_what(telling),
        where=_where(incident, names),
        zone=names.zone(incident["site_id"]),
        why=tuple(dict.fromkeys(one for row in telling for one in row["why"]))[:SHOWN_REASONS],
        due_at=due["due_at"] if due else None,
        minutes_left=due["minutes_left"] if due else None,
        standing=due["standing"] if due else TIMELESS,
        holder=_holder(incident, leading, names),
        next_step=_next(incident, leading),
        total=incident["alerts"],
        alerts=tuple(rows),
        history=tuple(history),
    )


def _titles(incident: Mapping[str, Any], rows: Sequence[Row], site: str | None) -> tuple[str, str, int]:
    """Title, topic and the number of others: of the alert that the incident is called after.

    Where the deadline of that one has passed and another one can still be saved, of the other one. The number of a site
    gives way to its name.
    """
    bearing = next((row for row in rows if row["stored_title"] == incident["title"]), None)
    if bearing is not None and bearing["standing"] == LOST and rows[0]["standing"] != LOST:
        bearing = rows[0]
    places = {incident["site_id"]: site} if incident["site_id"] and site else {}
    stored = bearing["title"] if bearing else named(incident["title"], places)
    if bearing is None:
        return stored, stored, 0
    subject, number = bearing["subject"], f"Ticket {bearing['entity_id']}"
    title = f"{stored}: {subject}" if subject and subject not in stored else stored
    others = len(rows) - 1
    is_ticket = bool(subject) and bearing["entity_type"] == "ticket" and stored.startswith(number)
    topic = f"“{subject}”{stored.removeprefix(number)}" if is_ticket else title
    return f"{title}{and_more(others)}", topic, others


def and_more(others: int) -> str:
    """How a title says that there are others."""
    return f" (and {others:,} more)" if others else ""


def _due(rows: Sequence[Row]) -> Row | None:
    """The alert whose deadline counts: the nearest that can be kept; the latest that has passed where all have."""
    ahead = [row for row in rows if row["standing"] == AHEAD]
    if ahead:
        return min(ahead, key=lambda row: row["due_at"])
    if all(row["standing"] == LOST for row in rows):
        return max(rows, key=lambda row: row["due_at"], default=None)
    return None


def _what(rows: Sequence[Row]) -> str:
    counts = Counter(row["alert_type"] for row in rows)
    return ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in counts.most_common())


def _where(incident: Mapping[str, Any], names: Names) -> str | None:
    """Client and site by name; by number, said to be one, where the name is unknown."""
    client, site = incident["client_id"], incident["site_id"]
    parts = (
        names.client(client) or (f"client {client}" if client else None),
        names.site(site) or (f"site {site}" if site else None),
    )
    return ", ".join(part for part in parts if part) or None


def _holder(incident: Mapping[str, Any], leading: Row | None, names: Names) -> str:
    if incident["state"] == "acknowledged" and incident["acknowledged_by"]:
        return f"{incident['acknowledged_by']} (acknowledged)"
    owner = owner_in_words(incident["owner_id"], names)
    return owner or (leading["holder"] if leading else "nobody")


def _next(incident: Mapping[str, Any], leading: Row | None) -> str:
    if incident["state"] == "resolved":
        return "nothing, it is resolved"
    return leading["next"] if leading else "look at it"
