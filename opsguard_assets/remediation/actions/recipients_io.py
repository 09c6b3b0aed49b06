"""Who is told by a step: roles become people, and people become addresses, by the rules of routing.

Here: reading who works where, and choosing. Not here: the rules (`opsguard_assets.routing`), messages (`telling`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
class Staff:
    """Who works where, for one alert.

    Attributes:
        roster: Everybody who may be told, as known now.
        rules: By which channels.
        case: The present: the time, and who has how many incidents.
        work: The incident of the alert as routing sees it, in one row with its route.
        incident: The row of the incident; None where the alert is in none.
    """

    roster: Roster
    rules: Rules
    case: Case
    work: pl.DataFrame
    incident: Mapping[str, Any] | None

    def name_of(self, person_id: str | None) -> str:
        """A person by name; by identifier, said to be one, where no name is known."""
        if person_id is None:
            return "nobody"
        known = self.roster.people.filter(pl.col("person_id") == person_id).head(1)
        return known.select(named("person_id")).item() if len(known) else f"person {person_id}"

    def people(self) -> pl.DataFrame:
        """(`incident_id`, `audience`, `person_id`, `why`, `_route`): one row per role, null where there is nobody."""
        rungs = ladder(self.work, self.roster, self.case).with_columns(
            audience=pl.col("audience").replace({OWNER: _ON_DUTY})
        )
        owner = self.work.select(
            "incident_id",
            audience=pl.lit(OWNER),
            person_id="owner_id",
            why=pl.when(pl.col("owner_id").is_null()).then(pl.lit("nobody has it")).otherwise(pl.lit("has it")),
        )
        return pl.concat([owner, rungs]).join(self.work.select("incident_id", PLACE), on="incident_id").select(_ASKED)


def staff_of(world: World, situation: Situation, team: str | None = None) -> Staff:
    """Who works where, and the route of an alert.

    Args:
        world: What is read.
        situation: What the step is about.
        team: The team of the step; None: that of the situation.
    """
    number = situation.alert.get("incident_id")
    row: Mapping[str, Any] | None = None
    if number is not None:
        with world.database.begin() as connection:
            row = next(iter(incidents(connection, [int(number)])), None)
    roster = roster_now(world, situation.now)
    rules = rules_of(world.settings, channel_kinds(world.settings))
    work = _work(world, situation, row)
    plans = roster.clients.select("client_id", "plan").unique("client_id")
    named = team or situation.team
    route = routed(work.join(plans, on="client_id", how="left"), rules)
    return Staff(
        roster=roster,
        rules=rules,
        case=present_case(world.database, situation.now),
        work=route if named is None else route.with_columns(team=pl.lit(named)),
        incident=row,
    )


def recipients_of(around: Staff, audiences: Sequence[Audience]) -> Found:
    """Who is told in some roles, each address once."""
    wanted = pl.DataFrame({"audience": list(audiences)}, schema={"audience": pl.String})
    people = wanted.join(around.people(), on="audience", maintain_order="left")
    rows = reached(people, around.roster, around.rules)
    if "client" in audiences:
        rows = pl.concat([rows, _client(around)], how="diagonal")
    there = rows.filter(pl.col("address").is_not_null()).unique(
        ["channel", "address"], keep="first", maintain_order=True
    )
    who = pl.coalesce("name", "address").alias("who")
    unreached = rows.filter(pl.col("address").is_null()).with_columns(
        words=pl.when(pl.col("person_id").is_null())
        .then("why")
        .otherwise(pl.format("{} has no address for the channels of the route", "name"))
    )
    return Found([Recipient(*row) for row in there.select(*_SHOWN, who).iter_rows()], unreached["words"].to_list())


def person_of(around: Staff, person_id: str, audience: str) -> Sequence[Recipient]:
    """A person with their address; nothing where nothing reaches them."""
    row = around.work.select("incident_id", PLACE, audience=pl.lit(audience), person_id=pl.lit(person_id))
    found = reached(row, around.roster, around.rules).drop_nulls("address")
    return [Recipient(*each) for each in found.select(*_SHOWN, "name").iter_rows()]


def _client(around: Staff) -> pl.DataFrame:
    """The client's own channel, whatever the priority: the playbook names it."""
    settings = around.rules.settings.model_copy(update={"client_from": 0, "executives_from": None})
    rules = Rules(settings=settings, channels=around.rules.channels, zone=around.rules.zone)
    rows = of_clients(around.work, around.roster, rules).filter(pl.col("audience") == CLIENT)
    if not rows.is_empty():
        return rows.with_columns(audience=pl.lit("client"))
    absent = {"audience": "client", "why": "the client has no channel of its own", "address": None, "person_id": None}
    return pl.DataFrame([absent], schema=dict.fromkeys(absent, pl.String))


def _work(world: World, situation: Situation, incident: Mapping[str, Any] | None) -> pl.DataFrame:
    """The incident of an alert, or the alert as if it were one, in one row of `WORK`."""
    alert = situation.alert
    of_incident = incident or {}
    life = alert["alert_type"] in (*LIFE_SAFETY, *world.settings.triage.life_safety)
    row = {
        **{name: alert.get(name) for name in ("severity", "client_id", "site_id", "alert_type", "entity_type")},
        "entity_id": alert["entity_id"], "last_seen_at": alert.get("last_seen_at"), "version": 0, "routed_version": 0,
        "state": "open", "priority": alert.get("priority") or 0, "is_life_safety": life, "is_in_plan": True,
        "alerts": 1, "chain_step": 0, "chain_base": 0, "team": situation.team,
        **{
            name: of_incident[name]
            for name in ("severity", "priority", "cause", "team", "owner_id", "is_life_safety")
            if of_incident.get(name) is not None
        },
        "incident_id": alert.get("incident_id") or 0,
    }  # fmt: skip
    return pl.DataFrame([row], schema=WORK)
