"""Who is told by a step: roles become people, and people become addresses, by the rules of routing.

Here: reading who works where, and choosing. Not here: the rules (`opsguard_assets.routing`), messages (`telling`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeAlias

import polars as pl

from opsguard_assets.alerts.finding import LIFE_SAFETY
from opsguard_assets.remediation.actions.action import Situation, World
from opsguard_assets.remediation.actions.roster_io import roster_now
from opsguard_assets.remediation.playbook.steps import Audience
from opsguard_assets.routing.addresses import CLIENT, named, of_clients, reached
from opsguard_assets.routing.frames import WORK, Case, Roster, Rules
from opsguard_assets.routing.io import present_case
from opsguard_assets.routing.ladder import OWNER, ladder
from opsguard_assets.routing.roster_io import rules_of
from opsguard_assets.routing.routes import PLACE, routed
from opsguard_assets.routing.run_io import channel_kinds
from opsguard_assets.views.reading import incidents

# The role that routing gives to people whom it finds on duty; a playbook calls this `on_duty`, and `owner` who has it.
_ON_DUTY: Final = "on_duty"
_SHOWN: Final = ("audience", "person_id", "channel", "address")
_ASKED: Final = ("incident_id", "audience", "person_id", "why", PLACE)
# How a playbook calls the client's own channel.
_CLIENT: Final = "client"
# By alert and role: who stands for it, with `channel` and `address`.
_Reached: TypeAlias = dict[tuple[int, str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Recipient:
    """Somebody who is told.

    Attributes:
        audience: In which role.
        person_id: Who; None for a client's channel.
        channel: By which channel.
        address: Where.
        name: Who, for people; empty where nobody reads it.
    """

    audience: str
    person_id: str | None
    channel: str
    address: str
    name: str = ""


@dataclass(frozen=True)
class Found:
    """Who can be told.

    Attributes:
        recipients: Everybody once, in the order of the roles.
        absent: Why nobody stands for a role.
    """

    recipients: Sequence[Recipient]
    absent: Sequence[str]


@dataclass(frozen=True)
class _Crew:
    """Who works where, for the alerts of some executions together.

    Attributes:
        roster: Everybody who may be told, as known now.
        rules: By which channels.
        case: The present: the time, and who has how many incidents.
        given: By alert, what routing is told of its incident.
        work: The same as routing sees it, with its route: a row per alert, whose number stands as `incident_id`.
    """

    roster: Roster
    rules: Rules
    case: Case
    given: Mapping[int, Mapping[str, Any]]
    work: pl.DataFrame

    @cached_property
    def people(self) -> _Reached:
        """By alert and role, those who stand for it with how they are reached; a row without a person says why."""
        rungs = ladder(self.work, self.roster, self.case, together=False).with_columns(
            audience=pl.col("audience").replace({OWNER: _ON_DUTY})
        )
        owner = self.work.select(
            "incident_id",
            audience=pl.lit(OWNER),
            person_id="owner_id",
            why=pl.when(pl.col("owner_id").is_null()).then(pl.lit("nobody has it")).otherwise(pl.lit("has it")),
        )
        rows = pl.concat([owner, rungs]).join(self.work.select("incident_id", PLACE), on="incident_id").select(_ASKED)
        return _by_role(reached(rows, self.roster, self.rules))

    @cached_property
    def clients(self) -> _Reached:
        """By alert, the client's own channel, whatever the priority: the playbook names it."""
        settings = self.rules.settings.model_copy(update={"client_from": 0, "executives_from": None})
        rules = Rules(settings=settings, channels=self.rules.channels, zone=self.rules.zone)
        found = of_clients(self.work, self.roster, rules).filter(pl.col("audience") == CLIENT)
        absent = self.work.join(found, on="incident_id", how="anti").select(
            "incident_id", why=pl.lit("the client has no channel of its own")
        )
        rows = pl.concat([found, absent], how="diagonal")
        nobody = [pl.lit(None, pl.String).alias(name) for name in ("person_id", "name")]
        return _by_role(rows.with_columns(*nobody, audience=pl.lit(_CLIENT)))


def _by_role(rows: pl.DataFrame) -> _Reached:
    parts = rows.partition_by("incident_id", "audience", as_dict=True, maintain_order=True)
    return {(int(number), str(audience)): part.to_dicts() for (number, audience), part in parts.items()}


@dataclass(frozen=True)
class Staff:
    """Who works where, for one alert.

    Attributes:
        crew: The same for all alerts that are looked at together.
        alert_id: Which alert.
        incident: The row of its incident; None where the alert is in none.
    """

    crew: _Crew
    alert_id: int
    incident: Mapping[str, Any] | None

    @property
    def roster(self) -> Roster:
        """Everybody who may be told, as known now."""
        return self.crew.roster

    @property
    def work(self) -> pl.DataFrame:
        """The incident of the alert as routing sees it, in one row with its route."""
        return self.crew.work.filter(pl.col("incident_id") == self.alert_id)

    def name_of(self, person_id: str | None) -> str:
        """A person by name; by identifier, said to be one, where no name is known."""
        if person_id is None:
            return "nobody"
        known = self.roster.people.filter(pl.col("person_id") == person_id).head(1)
        return known.select(named("person_id")).item() if len(known) else f"person {person_id}"


def staff_of(world: World, situation: Situation, team: str | None = None) -> Staff:
    """Who works where, and the route of an alert; read once for all executions that are moved together.

    What was changed since that was read, such as who has the incident, is read again.

    Args:
        world: What is read.
        situation: What the step is about.
        team: The team of the step; None: that of the situation.
    """
    number = situation.alert.get("incident_id")
    incident = _incidents(world, [] if number is None else [int(number)]).get(number)
    alert_id, given = int(situation.alert["alert_id"]), _given(world, situation.alert, situation.team, incident)
    crew = None
    if alert_id in world.beside:
        key = ("crew", situation.team, team)
        if key not in world.read:
            world.read[key] = _crew_beside(world, situation, team)
        crew = world.read[key]
    if crew is None or crew.given.get(alert_id) != given:
        crew = _crew(world, {alert_id: given}, team or situation.team, situation.now)
    return Staff(crew, alert_id, incident)


def _crew_beside(world: World, situation: Situation, team: str | None) -> _Crew:
    numbers = [each.get("incident_id") for each in world.beside.values()]
    known = _incidents(world, sorted({int(number) for number in numbers if number is not None}))
    given = {
        number: _given(world, alert, situation.team, known.get(alert.get("incident_id")))
        for number, alert in world.beside.items()
    }
    return _crew(world, given, team or situation.team, situation.now)


def _crew(world: World, given: Mapping[int, Mapping[str, Any]], team: str | None, now: datetime) -> _Crew:
    roster, rules = roster_now(world, now), rules_of(world.settings, channel_kinds(world.settings))
    work = pl.DataFrame([{**row, "incident_id": number} for number, row in given.items()], schema=WORK)
    plans = roster.clients.select("client_id", "plan").unique("client_id")
    route = routed(work.join(plans, on="client_id", how="left", maintain_order="left"), rules)
    return _Crew(
        roster=roster,
        rules=rules,
        case=present_case(world.database, now),
        given=given,
        work=route if team is None else route.with_columns(team=pl.lit(team)),
    )


def _incidents(world: World, numbers: Sequence[int]) -> dict[int | None, Mapping[str, Any]]:
    if not numbers:
        return {}
    with world.database.begin() as connection:
        return {row["incident_id"]: row for row in incidents(connection, numbers)}


def recipients_of(around: Staff, audiences: Sequence[Audience]) -> Found:
    """Who is told in some roles, each address once."""
    crew, number = around.crew, around.alert_id
    rows = [row for role in audiences for row in crew.people.get((number, role), [])]
    if _CLIENT in audiences:
        rows += crew.clients[number, _CLIENT]
    there: dict[tuple[str, str], Recipient] = {}
    for row in rows:
        if row["address"] is not None:
            name = row["name"] or row["address"]
            found = Recipient(row["audience"], row["person_id"], row["channel"], row["address"], name)
            there.setdefault((row["channel"], row["address"]), found)
    absent = [
        row["why"] if row["person_id"] is None else f"{row['name']} has no address for the channels of the route"
        for row in rows
        if row["address"] is None
    ]
    return Found(list(there.values()), absent)


def person_of(around: Staff, person_id: str, audience: str) -> Sequence[Recipient]:
    """A person with their address; nothing where nothing reaches them."""
    row = around.work.select("incident_id", PLACE, audience=pl.lit(audience), person_id=pl.lit(person_id))
    found = reached(row, around.roster, around.crew.rules).drop_nulls("address")
    return [Recipient(*each) for each in found.select(*_SHOWN, "name").iter_rows()]


def _given(
    world: World, alert: Mapping[str, Any], team: str | None, incident: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The incident of an alert, or the alert as if it were one: a row of `WORK` without its number."""
    of_incident = incident or {}
    life = alert["alert_type"] in (*LIFE_SAFETY, *world.settings.triage.life_safety)
    return {
        **{name: alert.get(name) for name in ("severity", "client_id", "site_id", "alert_type", "entity_type")},
        "entity_id": alert["entity_id"], "version": 0, "routed_version": 0,
        "state": "open", "priority": alert.get("priority") or 0, "is_life_safety": life, "is_in_plan": True,
        "alerts": 1, "chain_step": 0, "chain_base": 0, "team": team,
        **{
            name: of_incident[name]
            for name in ("severity", "priority", "cause", "team", "owner_id", "is_life_safety")
            if of_incident.get(name) is not None
        },
    }  # fmt: skip
