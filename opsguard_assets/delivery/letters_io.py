"""What a message says when it is sent: everything is looked at again, and what has become pointless is not sent.

Here: from a planned message to its letter. Not here: words (`wording`), channels, planning (`routing`).

A message is planned with references and written when it is sent, so it shows what is true then. Names are read from the
lake once for all incidents that wait, and incidents and alerts from the database by their numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.delivery.letter import Letter
from opsguard_assets.delivery.wording import Reader, digest_letter, escalation_letter, incident_letter
from opsguard_assets.effects.machine import Effect
from opsguard_assets.views import reading
from opsguard_assets.views.incidents import IncidentView, composed, names_of_incidents
from opsguard_assets.views.names import Names, names_of
from resources.channels.handed_over import Reference
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

# The address of a page for a subject and a recipient; None where no web service is set up.
LinkOf = Callable[[str, str, datetime], str | None]


@dataclass(frozen=True)
class Pointless:
    """A message that is not sent any more, and why."""

    words: str


@dataclass(frozen=True)
class Written:
    """A letter that is ready to go.

    Attributes:
        letter: What it says.
        version: The version of the incident that it shows; None for others.
        thread: The message that the reader has about the incident; None where they have none.
    """

    letter: Letter
    version: int | None = None
    thread: Reference | None = None


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
        payload = effect.payload
        if payload["kind"] == "escalation":
            return self._of_escalation(payload)
        with self.database.begin() as connection:
            notice = _row(connection, "notice", notice_id=payload.get("notice_id"))
            about = [payload["incident_id"]] if payload.get("incident_id") is not None else []
            if payload["kind"] == "digest":
                found = connection.execute(statement(__name__, "digest_incidents"), {"notice_id": payload["notice_id"]})
                about = [int(row.incident_id) for row in found]
            place = {name: payload[name] for name in ("channel", "address")}
            thread = _row(connection, "thread", **place, incident_id=payload.get("incident_id"))
        self.read_names(about)
        views = self._views(about, now)
        if not views:
            return Pointless("there is nothing to tell of: the incident is gone")
        if payload["kind"] == "digest":
            reader = self._reader(payload, notice, views[0], None)
            return Written(digest_letter(views, reader, now))
        (view,) = views
        pointless = _pointless(view, payload, thread)
        if pointless is not None:
            return Pointless(pointless)
        link = self.link_of(f"incident/{view.incident_id}", payload.get("person_id") or payload["address"], now)
        reader = self._reader(payload, notice, view, link)
        letter = incident_letter(view, payload["kind"], reader, now, (notice or {}).get("step") or 0)
        return Written(letter, view.version, thread["reference"] if thread else None)

    def thread_of(self, effect: Effect) -> Reference | None:
        """The message that the reader has about the incident of a message."""
        payload = effect.payload
        if payload.get("incident_id") is None:
            return None
        place = {name: payload[name] for name in ("channel", "address", "incident_id")}
        with self.database.begin() as connection:
            row = _row(connection, "thread", **place)
        return row["reference"] if row else None

    def _views(self, incident_ids: Sequence[int], now: datetime) -> list[IncidentView]:
        with self.database.begin() as connection:
            rows = reading.incidents(connection, incident_ids)
            alerts = reading.alerts_in(connection, incident_ids)
        of = {row["incident_id"]: [one for one in alerts if one["incident_id"] == row["incident_id"]] for row in rows}
        return [composed(row, of[row["incident_id"]], [], self._names[row["incident_id"]], now) for row in rows]

    def _reader(
        self, payload: Mapping[str, Any], notice: Mapping[str, Any] | None, view: IncidentView, link: str | None
    ) -> Reader:
        zone = payload.get("zone") or view.zone or self.zone
        return Reader(zone=zone, why=notice["reason"] if notice else None, link=link)

    def _of_escalation(self, payload: Mapping[str, Any]) -> Written | Pointless:
        with self.database.begin() as connection:
            wanted = {"escalation_id": payload["escalation_id"], "person_id": payload["person_id"]}
            row = _row(connection, "escalation", **wanted)
        if row is None:
            return Pointless("the escalation was withdrawn")
        self.read_names([], [row["escalation_id"]])
        names = self._names_of_escalations[row["escalation_id"]]
        before, assignee = (names.person(row[name]) for name in ("from_assignee_id", "to_assignee_id"))
        places = (names.client(row["client_id"]), names.site(row["site_id"]))
        title = (names.tickets.get(row["ticket_id"]) or {}).get("title")
        given = {**row, "before": before, "assignee": assignee}
        return Written(escalation_letter(given, title, ", ".join(filter(None, places)) or None))


def _pointless(view: IncidentView, payload: Mapping[str, Any], thread: Mapping[str, Any] | None) -> str | None:
    """Why a message about an incident is not sent any more; None where it is."""
    kind = payload["kind"]
    if kind in {"raised", "chain"}:
        if view.state == "resolved":
            return "it is resolved meanwhile"
        if view.state == "acknowledged":
            return f"{view.acknowledged_by or 'somebody'} acknowledged it meanwhile"
        return "they have been told already" if kind == "raised" and thread is not None else None
    if thread is None:
        return "they were never told of it"
    return "they have seen this state" if thread["shown_version"] >= (payload.get("version") or 0) else None


def _row(connection: Connection, name: str, **values: object) -> dict[str, Any] | None:
    row = connection.execute(statement(__name__, name), values).mappings().first()
    return dict(row) if row else None
