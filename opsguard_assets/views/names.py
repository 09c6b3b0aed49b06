"""Names of what alerts speak of: clients, sites, people, vendors, tickets, devices.

Here: reading them from the lake, once for many alerts. Not here: what is said with them (`alerts`, `incidents`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import polars as pl

from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Names:
    """Look-up tables by identifier; what is unknown is absent.

    Attributes:
        clients, people, vendors: To names.
        sites: To rows of `name` and `timezone`.
        tickets: To rows of `title`, `category`, `assignee_id`.
        devices: To rows of `kind`, `model`.
    """

    clients: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, Row] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    vendors: Mapping[str, str] = field(default_factory=dict)
    tickets: Mapping[str, Row] = field(default_factory=dict)
    devices: Mapping[str, Row] = field(default_factory=dict)

    def with_others(self, others: "Names") -> "Names":
        """These and some others; what both hold is as in the others."""
        return Names(**{one.name: {**getattr(self, one.name), **getattr(others, one.name)} for one in fields(self)})

    def site(self, site_id: str | None) -> str | None:
        """The name of a site."""
        found = self.sites.get(site_id or "")
        return found["name"] if found else None

    def client(self, client_id: str | None) -> str | None:
        """The name of a client."""
        return self.clients.get(client_id or "")

    def person(self, person_id: str | None) -> str | None:
        """The name of a person; the identifier, named as such, where the name is unknown; None for nobody."""
        return (self.people.get(person_id) or f"person {person_id}") if person_id else None

    def zone(self, site_id: str | None) -> str | None:
        """The time zone of a site; None where it is unknown."""
        found = self.sites.get(site_id or "")
        return found["timezone"] if found else None


def names_of(lake: Lake, alerts: Sequence[Row], people: Iterable[str | None] = ()) -> Names:
    """The names that some alerts need, as they are known now: one read per table, however many alerts there are.

    Args:
        lake: Where the tables are.
        alerts: Rows of `alerts`.
        people: Further people whose names are needed, such as owners of incidents.
    """
    evidence = [row["evidence"] or {} for row in alerts]
    of = {kind: [row["entity_id"] for row in alerts if row["entity_type"] == kind] for kind in ("ticket", "device")}
    tickets = _known(lake, "tickets", "ticket_id", of["ticket"], ("title", "category", "assignee_id"))
    wanted = [one.get("person_id") for one in evidence] + [row["assignee_id"] for row in tickets.values()]
    wanted += [row["entity_id"] for row in alerts if row["entity_type"] == "person"]
    wanted += [row.get("owner_id") for row in alerts]
    vendors = [one.get("vendor_id") for one in evidence]
    vendors += [row["entity_id"] for row in alerts if row["entity_type"] == "vendor"]
    return Names(
        clients=_named(lake, "clients", "client_id", (row["client_id"] for row in alerts)),
        sites=_known(lake, "sites", "site_id", (row["site_id"] for row in alerts), ("name", "timezone")),
        people=_named(lake, "people", "person_id", [*wanted, *people]),
        vendors=_named(lake, "vendors", "vendor_id", vendors),
        tickets=tickets,
        devices=_known(lake, "devices", "device_id", of["device"], ("kind", "model")),
    )


@dataclass
class KeptNames:
    """Names for one round of messages: what was read with others is not read again.

    Attributes:
        lake: Where they are.
    """

    lake: Lake
    _names: Names = field(default_factory=Names)
    _read: set[tuple[object, ...]] = field(default_factory=set)

    def of(self, alerts: Sequence[Row], people: Iterable[str | None] = ()) -> Names:
        """As `names_of`; an alert that was seen again, or has another owner, is read again."""
        persons = {person for person in people if person}
        wanted: set[tuple[object, ...]] = {(row["alert_id"], row["owner_id"], row["last_seen_at"]) for row in alerts}
        wanted |= {(person,) for person in persons}
        if not wanted <= self._read:
            self._names = self._names.with_others(names_of(self.lake, alerts, persons))
            self._read |= wanted
        return self._names


@dataclass(frozen=True)
class Home:
    """A person of the provider.

    Attributes:
        name: As people say it; None where it is unknown.
        zone: The time zone of the site that they belong to; None where it is unknown.
        works_here: Whether they work for the provider; False for who has left.
    """

    name: str | None
    zone: str | None
    works_here: bool


def homes_of(lake: Lake, people: Iterable[str]) -> dict[str, Home]:
    """Some people by their identifier. One read per table; who is unknown is absent."""
    rows = _known(lake, "people", "person_id", people, ("name", "home_site_id", "is_active"))
    sites = _known(lake, "sites", "site_id", (row["home_site_id"] for row in rows.values()), ("timezone",))
    zones = {site_id: row["timezone"] for site_id, row in sites.items()}
    return {
        # All columns were read as texts; what is not known counts as active.
        person: Home(row["name"], zones.get(row["home_site_id"] or ""), row["is_active"] != "false")
        for person, row in rows.items()
    }


def with_readers(lake: Lake, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Decisions about recipients, with `who`: the person by name, else the address, else "nobody"."""
    return named_readers(rows, names_of(lake, [], people=[row["person_id"] for row in rows]))


def named_readers(rows: Sequence[Row], names: Names) -> list[dict[str, Any]]:
    """As `with_readers`, with names that were read with others."""
    return [{**row, "who": names.person(row["person_id"]) or row["address"] or "nobody"} for row in rows]


def _named(lake: Lake, table: str, key: str, wanted: Iterable[str | None]) -> dict[str, str]:
    return {number: row["name"] for number, row in _known(lake, table, key, wanted, ("name",)).items()}


def _known(
    lake: Lake, table: str, key: str, wanted: Iterable[str | None], columns: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """The known rows of some identifiers."""
    asked = sorted({one for one in wanted if isinstance(one, str) and one})
    if not asked:
        return {}
    rows = lake.known(TABLES[table]).filter(pl.col(key).is_in(asked))
    found = rows.select(key, *(pl.col(name).cast(pl.String) for name in columns)).collect()
    return {row[key]: row for row in found.to_dicts()}
