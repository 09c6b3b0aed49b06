"""What a message says when it is sent: everything is looked at again, and what has become pointless is not sent.

Here: from a planned message to its letter. Not here: words (`wording`), channels, planning (`routing`).

A message is planned with references and written when it is sent, so it shows what is true then. Names are read from the
lake once for all incidents that wait, and incidents and alerts from the database by their numbers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.delivery import documents_io, questions_io
from opsguard_assets.delivery.wording import (
    Reader,
    digest_letter,
    escalation_letter,
    escalations_letter,
    incident_letter,
)
from opsguard_assets.delivery.written import GONE, LinkOf, Pointless, Written
from opsguard_assets.effects.machine import Effect
from opsguard_assets.views import reading
from opsguard_assets.views.clocks import instant_in
from opsguard_assets.views.incidents import composed, names_of_incidents
from opsguard_assets.views.names import KeptNames, Names, homes_of, names_of
from opsguard_assets.views.texts import named
from resources.channels.handed_over import Reference
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

# An incident and its alerts, as `views.reading` gives them.
_Rows = tuple[dict[str, Any], list[dict[str, Any]]]
_PLACE = ("notice_id", "channel", "address", "incident_id")
# Readers of a client (`routing.addresses`).
OUTSIDE = ("client channel", "executive")
# So many incidents are read together, and believed for so long unless their version has changed.
_CHUNK, _FRESH = 100, timedelta(seconds=10)
# What was looked at with others that were claimed together is looked at again after so long.
_LOOK = timedelta(seconds=1)


@dataclass
class Letters:
    """Writes letters.

    Attributes:
        database: Where incidents are.
        lake: Where names are.
        zone: The zone of readers whose own is unknown.
        link_of: Makes links.
    """

    database: Database
    lake: Lake
    zone: str
    link_of: LinkOf
    _names: dict[int, Names] = field(default_factory=dict)
    _names_of_escalations: dict[int, Names] = field(default_factory=dict)
    _waiting: Sequence[int] = ()
    _order: dict[int, int] = field(default_factory=dict)
    _rows: dict[int, _Rows] = field(default_factory=dict)
    _read_at: datetime | None = None
    _zones: dict[str, str | None] = field(default_factory=dict)
    _looked: dict[int, dict[str, Any]] = field(default_factory=dict)
    _looked_at: datetime | None = None
    _kept_names: KeptNames = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is read before it is needed."""
        self._kept_names = KeptNames(self.lake)

    def expect_questions(self, questions: Sequence[str], alert_ids: Sequence[int], now: datetime) -> None:
        """Learns what messages about executions ask, and about which alerts: names are read together."""
        questions_io.expect(self.database, self._kept_names, questions, alert_ids, now)

    def expect(self, incident_ids: Sequence[int], escalation_ids: Sequence[int], people: Sequence[str]) -> None:
        """Learns what will be told of, in the likely order, and to whom: it is read together, with names and zones."""
        self._waiting = list(incident_ids)
        self._order = {number: place for place, number in enumerate(self._waiting)}
        self.read_names(incident_ids, escalation_ids)
        self._read_zones(people)

    def read_names(self, incident_ids: Sequence[int], escalation_ids: Sequence[int] = ()) -> None:
        """Reads the names that some incidents and escalations need, at once."""
        missing = sorted({number for number in incident_ids if number not in self._names})
        if missing:
            names = names_of_incidents(self.database, self.lake, missing)
            self._names |= dict.fromkeys(missing, names)
        others = sorted({number for number in escalation_ids if number not in self._names_of_escalations})
        if others:
            self._names_of_escalations |= dict.fromkeys(others, self._read_escalations(others))

    def _read_escalations(self, numbers: Sequence[int]) -> Names:
        with self.database.begin() as connection:
            found = connection.execute(statement(__name__, "escalations"), {"numbers": list(numbers)}).mappings()
            rows = [dict(row) for row in found]
        places = [{**row, "entity_type": "ticket", "entity_id": row["ticket_id"], "evidence": None} for row in rows]
        people = [row[name] for row in rows for name in ("from_assignee_id", "to_assignee_id")]
        return names_of(self.lake, places, people=people)

    def write(self, effect: Effect, now: datetime) -> Written | Pointless:
        """The letter of a planned message as of now."""
        kind = effect.payload["kind"]
        if "letter" in effect.payload:
            return documents_io.written(self.lake, effect.payload, self.link_of, now)
        if kind == "escalation":
            return self._of_escalation(effect.payload, now)
        if kind == "playbook" or effect.payload.get("about"):
            asked = {**effect.payload, "zone": effect.payload.get("zone") or self._zone_of(effect.payload)}
            return questions_io.written(self.database, self._kept_names, asked, self.zone, self.link_of, now)
        return self._of_digest(effect.payload, now) if kind == "digest" else self._of_incident(effect, now)

    def look(self, connection: Connection, effects: Sequence[Effect], now: datetime) -> None:
        """Looks at what messages about incidents tell of, which are written next."""
        about = [effect for effect in effects if effect.payload.get("incident_id") is not None]
        rows = json.dumps(
            [{"effect_id": effect.effect_id, **{name: effect.payload.get(name) for name in _PLACE}} for effect in about]
        )
        found = connection.execute(statement(__name__, "look"), {"rows": rows}).mappings() if about else ()
        self._looked, self._looked_at = {row["effect_id"]: dict(row) for row in found}, now

    def _looked_again(self, effect: Effect, now: datetime) -> dict[str, Any] | None:
        """What a message tells of, as it was a moment ago; None where it is gone."""
        if self._looked_at is None or now - self._looked_at > _LOOK or effect.effect_id not in self._looked:
            with self.database.begin() as connection:
                self.look(connection, [effect], now)
        return self._looked.get(effect.effect_id)

    def _of_digest(self, payload: Mapping[str, Any], now: datetime) -> Written | Pointless:
        with self.database.begin() as connection:
            notice = _row(connection, "notice", notice_id=payload["notice_id"])
            found = connection.execute(statement(__name__, "digest_incidents"), {"notice_id": payload["notice_id"]})
            about = [int(row.incident_id) for row in found]
        self.read_names(about)
        views = [composed(*rows, [], self._names[rows[0]["incident_id"]], now) for rows in self._read(about).values()]
        if not views:
            return GONE
        zone = self._zone_of(notice) or views[0].zone or self.zone
        reader = Reader(zone=zone, why=notice["reason"] if notice else None, link=None)
        return Written(digest_letter(views, reader, now))

    def _of_incident(self, effect: Effect, now: datetime) -> Written | Pointless:
        payload, looked = effect.payload, self._looked_again(effect, now)
        if looked is None:
            return GONE
        pointless = _pointless(looked, payload)
        if pointless is not None:
            return Pointless(pointless)
        number = int(payload["incident_id"])
        self.read_names([number])
        is_inside = looked["audience"] not in OUTSIDE
        rows = self._rows_of(number, looked["version"], now)
        view = composed(*rows, [], self._names[number], now, inside=is_inside)
        link = self.link_of(f"incident/{number}", looked["person_id"] or payload["address"], now, is_inside)
        zone = self._zone_of(looked) or view.zone or self.zone
        reader = Reader(zone=zone, why=looked["reason"], link=link, is_inside=is_inside)
        letter = incident_letter(view, payload["kind"], reader, now, looked["step"] or 0)
        return Written(letter, view.version, looked["reference"])

    def _zone_of(self, notice: Mapping[str, Any] | None) -> str | None:
        """The zone of the reader's own site; None where nobody in particular reads it, or the zone is unknown."""
        person = notice.get("person_id") if notice else None
        if person is None:
            return None
        self._read_zones([person])
        return self._zones[person]

    def _read_zones(self, people: Sequence[str]) -> None:
        """Reads the zones of some people at once; those that were read are kept."""
        missing = [person for person in people if person not in self._zones]
        if missing:
            homes = homes_of(self.lake, missing)
            self._zones |= {person: homes[person].zone if person in homes else None for person in missing}

    def _rows_of(self, number: int, version: int, now: datetime) -> _Rows:
        """An incident and its alerts: as read a moment ago with others that wait, unless it has changed since."""
        if self._read_at is None or now - self._read_at > _FRESH or number not in self._rows:
            place = self._order.get(number, 0)
            chunk = [each for each in self._waiting[place : place + _CHUNK] if each != number]
            self._rows, self._read_at = self._read([number, *chunk]), now
        if self._rows[number][0]["version"] != version:
            self._rows |= self._read([number])
        return self._rows[number]

    def _read(self, incident_ids: Sequence[int]) -> dict[int, _Rows]:
        """Rows of incidents and of the alerts in them, in the order of the numbers."""
        with self.database.begin() as connection:
            incidents = reading.incidents(connection, incident_ids)
            alerts = reading.alerts_in(connection, incident_ids)
        rows: dict[int, _Rows] = {int(row["incident_id"]): (row, []) for row in incidents}
        for alert in alerts:
            rows[alert["incident_id"]][1].append(alert)
        return rows

    def thread_of(self, effect: Effect) -> Reference | None:
        """The message that the reader has about the incident of a message."""
        payload = effect.payload
        if payload.get("incident_id") is None:
            return None
        place = {name: payload[name] for name in ("channel", "address", "incident_id")}
        with self.database.begin() as connection:
            row = _row(connection, "thread", **place)
        return row["reference"] if row else None

    def _of_escalation(self, payload: Mapping[str, Any], now: datetime) -> Written | Pointless:
        numbers = numbers_of(payload)
        with self.database.begin() as connection:
            wanted = {"escalation_ids": numbers, "person_id": payload["person_id"]}
            rows = [dict(row) for row in connection.execute(statement(__name__, "escalation"), wanted).mappings()]
        if not rows:
            return Pointless("the escalation was withdrawn")
        self.read_names([], numbers)
        given = [self._given(row) for row in rows]
        first = rows[0]
        there = self._names_of_escalations[first["escalation_id"]].zone(first["site_id"])
        zone = self._zone_of(payload) or there or self.zone
        several = len(given) > 1
        return Written(escalations_letter(given, zone, now) if several else escalation_letter(*given[0], zone, now))

    def _given(self, row: dict[str, Any]) -> tuple[dict[str, Any], str | None, str | None]:
        """An escalation with names of people, the title of its ticket, and where it is."""
        names = self._names_of_escalations[row["escalation_id"]]
        before, assignee = (names.person(row[name]) for name in ("from_assignee_id", "to_assignee_id"))
        places = (names.client(row["client_id"]), names.site(row["site_id"]))
        title = (names.tickets.get(row["ticket_id"]) or {}).get("title")
        people = ((row["from_assignee_id"], before), (row["to_assignee_id"], assignee))
        said = {
            "before": before, "assignee": assignee, "due_at": instant_in(row["due"]),
            "reason": named(row["reason"], {number: name for number, name in people if number and name}),
        }  # fmt: skip
        return {**row, **said}, title, ", ".join(filter(None, places)) or None


def numbers_of(payload: Mapping[str, Any]) -> list[int]:
    """The escalations that a message tells of."""
    return [int(number) for number in payload.get("escalation_ids") or [payload["escalation_id"]]]


def _pointless(looked: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    """Why a message about an incident is not sent any more; None where it is."""
    kind, was_told = payload["kind"], looked["reference"] is not None
    if kind in {"raised", "chain"}:
        if looked["state"] == "resolved":
            return "it is resolved meanwhile"
        if looked["state"] == "acknowledged":
            return f"{looked['acknowledged_by'] or 'somebody'} acknowledged it meanwhile"
        return "they have been told already" if kind == "raised" and was_told else None
    if not was_told:
        return "they were never told of it"
    return "they have seen this state" if looked["shown_version"] >= (payload.get("version") or 0) else None


def _row(connection: Connection, name: str, **values: object) -> dict[str, Any] | None:
    row = connection.execute(statement(__name__, name), values).mappings().first()
    return dict(row) if row else None
