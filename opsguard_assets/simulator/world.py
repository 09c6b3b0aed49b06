"""The provider itself: clients, sites, calendars, teams, agents, duty, promises.

Here: reference records of one region. Not here: anything that happens.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from opsguard_assets.simulator.luck import generator
from opsguard_assets.simulator.settings import SimulationSettings

INSTANT = pl.Datetime("us", "UTC")
PLACES = (
    ("Europe/Berlin", 52.5, 13.4, "DE"),
    ("Europe/London", 51.5, -0.1, "GB"),
    ("America/New_York", 40.7, -74.0, "US"),
    ("Asia/Kolkata", 19.1, 72.9, "IN"),
    ("Australia/Sydney", -33.9, 151.2, "AU"),
)
PLANS = ("bronze", "silver", "gold")
PRIORITIES = ("critical", "high", "medium", "low")
# Team, and the categories of tickets that it handles.
TEAMS = {
    "iot": ("device offline", "battery low", "sensor fault"),
    "security": ("access control", "intrusion follow-up", "camera"),
    "facility": ("cleaning", "heating and cooling", "water", "lift"),
    "network": ("connectivity", "gateway"),
}
SHIFT_HOURS = 8
# Desks that handle alerts beside these teams; one person of each is on duty at any time.
DESKS = ("emergency-response", "field-supervisors", "helpdesk-supervisors", "noc", "procurement")
# Teams under the names that alerts are routed to.
_NAMED = {"iot": "iot-specialists"}
# A third of a team's agents of each shift keep the urgent desk: critical and high tickets wait for no others.
URGENT_SHARE = 1 / 3
# Priority, response and resolution minutes, calendar, penalty of a breach.
PROMISES = (
    ("critical", 30, 240, "always", 5_000.0),
    ("high", 60, 480, "always", 2_500.0),
    ("medium", 240, 1_440, "office", 1_000.0),
    ("low", 480, 2_880, "office", 250.0),
)


@dataclass(frozen=True)
class World:
    """The reference records of one region, by table, and its agents with desk and shift.

    Attributes:
        tables: Canonical reference tables.
        agents: (`person_id`, `group_id`, `is_urgent`, `shift` 0..2, `skill` as a factor of service time).
    """

    tables: dict[str, pl.DataFrame]
    agents: pl.DataFrame


def build_world(settings: SimulationSettings, region: int, until: datetime) -> World:
    """The reference records of a region as they are known at `until`."""
    luck = generator(settings.seed, region, "world")
    prefix = f"R{region}-"
    agents = _agents(settings, prefix, luck)
    desks = _desks(prefix)
    everybody = pl.concat([agents.select("person_id", "group_id", "shift"), desks])
    tables = {
        "clients": _clients(settings, prefix),
        "sites": _sites(settings, prefix, luck),
        "calendars": _calendars(),
        "groups": _groups(prefix, everybody),
        "people": pl.concat([_people(agents, luck), _desk_people(desks)]),
        "memberships": everybody.select("person_id", "group_id"),
        "sla_policies": _policies(),
    }
    known = pl.lit(settings.starts_at, INSTANT)
    dated = {name: table.with_columns(known_at=known) for name, table in tables.items()}
    return World({**dated, "duty": _duty(settings, everybody, until)}, agents)


def _clients(settings: SimulationSettings, prefix: str) -> pl.DataFrame:
    number = np.arange(settings.clients)
    return pl.DataFrame(
        {
            "client_id": [f"{prefix}C{n:03d}" for n in number],
            "name": [f"{_NAMES[n % len(_NAMES)]} {prefix}{n:03d}" for n in number],
            "plan": [PLANS[n % len(PLANS)] for n in number],
            "timezone": [PLACES[n % len(PLACES)][0] for n in number],
            "currency": ["USD"] * settings.clients,
            "executive_emails": [[f"office-{n:03d}@client.example"] for n in number],
            "slack_channel": [f"#client-{n:03d}" for n in number],
            "joined_on": [settings.starts_at.date()] * settings.clients,
            "soar_enabled": [PLANS[n % len(PLANS)] == "gold" for n in number],
        }
    )


_NAMES = ("Harbour Logistics", "Meridian Retail", "Öztürk & Söhne", "Northern Data", "Atlas Pharma", 'The "Green" Bank')


def _sites(settings: SimulationSettings, prefix: str, luck: np.random.Generator) -> pl.DataFrame:
    number = np.arange(settings.sites)
    places = [PLACES[n % len(PLACES)] for n in number]
    return pl.DataFrame(
        {
            "site_id": [f"{prefix}S{n:04d}" for n in number],
            "client_id": [f"{prefix}C{n % settings.clients:03d}" for n in number],
            "name": [
                f"{place[0].split('/')[1].replace('_', ' ')} {n:04d}" for n, place in zip(number, places, strict=True)
            ],
            "timezone": [place[0] for place in places],
            "latitude": [place[1] + step for place, step in zip(places, luck.normal(0, 0.1, len(places)), strict=True)],
            "longitude": [
                place[2] + step for place, step in zip(places, luck.normal(0, 0.1, len(places)), strict=True)
            ],
            "geofence_radius_m": np.full(len(number), 150.0),
            "calendar_id": ["office"] * len(number),
        }
    )


def _calendars() -> pl.DataFrame:
    always = [("always", day, "00:00", "24:00", None) for day in range(1, 8)]
    holidays = ["2026-01-01", "2026-12-25"]
    office = [("office", day, "08:00", "18:00", holidays) for day in range(1, 6)]
    return pl.DataFrame(
        [*always, *office],
        schema={
            "calendar_id": pl.String,
            "weekday": pl.Int64,
            "opens": pl.String,
            "closes": pl.String,
            "holidays": pl.List(pl.String),
        },
        orient="row",
    )


def _agents(settings: SimulationSettings, prefix: str, luck: np.random.Generator) -> pl.DataFrame:
    """Agents in turn to teams, then to shifts, so that every desk of every shift has someone."""
    number = np.arange(settings.agents)
    team, shift = number % len(TEAMS), (number // len(TEAMS)) % 3
    place = number // (len(TEAMS) * 3)
    urgent = place < max(1, round(URGENT_SHARE * settings.agents / (len(TEAMS) * 3)))
    alone = place.max() == 0
    return pl.DataFrame(
        {
            "person_id": [f"{prefix}P{n:05d}" for n in number],
            "group_id": [f"{prefix}{list(TEAMS)[t]}" for t in team],
            "is_urgent": urgent & ~alone,
            "shift": shift,
            "skill": luck.lognormal(0, 0.15, settings.agents),
        }
    )


def _groups(prefix: str, agents: pl.DataFrame) -> pl.DataFrame:
    leads = agents.group_by("group_id", maintain_order=True).agg(lead_id=pl.col("person_id").first())
    name = pl.col("group_id").str.strip_prefix(prefix).replace(_NAMED)
    return leads.select("group_id", name.alias("name"), "lead_id")


def _desks(prefix: str) -> pl.DataFrame:
    """(`person_id`, `group_id`, `shift`): who handles alerts beside the agents, without any luck."""
    rows = [
        (f"{prefix}D{number * 3 + shift:03d}", f"{prefix}{desk}", shift)
        for number, desk in enumerate(DESKS)
        for shift in range(3)
    ]
    return pl.DataFrame(rows, schema=["person_id", "group_id", "shift"], orient="row").cast({"shift": pl.Int64})


def _desk_people(desks: pl.DataFrame) -> pl.DataFrame:
    row = pl.int_range(pl.len())
    return desks.select(
        "person_id",
        name=pl.format("{} {}", pl.Series([_FIRST[n % len(_FIRST)] for n in range(len(desks))]),
                       pl.Series([_LAST[n % len(_LAST)] for n in range(len(desks))])),
        **_reached(),
    ).with_columns(
        # A third of them, of another desk in each shift, has no account in Slack: mail reaches them.
        slack_user_id=pl.when((row // 3 + row) % 3 > 0).then("slack_user_id"),
    )  # fmt: skip


def _reached() -> dict[str, pl.Expr]:
    """Addresses and superiors of people with `person_id` and `group_id`."""
    return {
        "email": pl.format("{}@provider.example", pl.col("person_id").str.to_lowercase()),
        "slack_user_id": pl.format("U{}", pl.col("person_id").str.replace_all("-", "")),
        "is_active": pl.lit(value=True),
        "reports_to": pl.col("person_id").first().over("group_id"),
    }


_FIRST = ("Ana", "Bela", "Chidi", "Dana", "Emre", "Fatou", "Goran", "Hana", "Ivo", "Jun", "Zoë", "Łukasz")
_LAST = ("Nakamura", "O'Neill", "Silva", "Schmidt", "Okafor", "Larsen", "Petrova", "Haddad", "Müller")


def _people(agents: pl.DataFrame, luck: np.random.Generator) -> pl.DataFrame:
    names = [
        f"{_FIRST[a]} {_LAST[b]}"
        for a, b in zip(
            luck.integers(0, len(_FIRST), len(agents)), luck.integers(0, len(_LAST), len(agents)), strict=True
        )
    ]
    return agents.select(
        "person_id",
        name=pl.Series(names),
        **_reached(),
    )


def _policies() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "policy_id": f"standard-{priority}",
                "client_id": None,
                "priority": priority,
                "response_minutes": response,
                "resolution_minutes": resolution,
                "calendar_id": calendar,
                "pauses_on": ["on_hold"],
                "stops_at": "resolved",
                "penalty_amount": penalty,
            }
            for priority, response, resolution, calendar, penalty in PROMISES
        ],
        schema_overrides={"client_id": pl.String},
    )


def _duty(settings: SimulationSettings, agents: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Everybody's shift of every day, published fifteen days before."""
    days = max(1, (until - settings.starts_at).days + 16)
    start = pl.lit(settings.starts_at, INSTANT) + pl.duration(hours=pl.col("day") * 24 + pl.col("shift") * SHIFT_HOURS)
    return (
        agents.select("person_id", "shift")
        .join(pl.DataFrame({"day": np.arange(days)}), how="cross")
        .select(
            "person_id",
            starts_at=start,
            ends_at=start + timedelta(hours=SHIFT_HOURS),
            role=pl.lit("agent"),
            known_at=pl.max_horizontal(start - timedelta(days=15), pl.lit(settings.starts_at, INSTANT)),
        )
        .filter(pl.col("known_at") <= until)
    )
