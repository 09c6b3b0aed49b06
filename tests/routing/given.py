"""People, teams and clients in few words, and routing over a real database."""

from datetime import timedelta

import polars as pl

from opsguard_assets.config.routing import Routing
from opsguard_assets.duty.desk import Desk
from opsguard_assets.routing.frames import CLIENTS, PEOPLE, Roster, Rules
from opsguard_assets.routing.io import route
from opsguard_assets.tables.values import INSTANT
from tests.alerts.given import NOON
from tests.incidents.world import at, rows

CHANNELS = {"slack": "slack", "mail": "mail"}
# Team -> its members; the first one leads it.
TEAMS = {
    "iot-specialists": ("lena", "ana", "bo"),
    "field-supervisors": ("lena", "fay"),
    "emergency-response": ("lena", "eve"),
    "noc": ("nils", "nora"),
}
ON_DUTY = ("ana", "bo", "fay", "eve", "nora")
EVERYBODY = ("lena", "ana", "bo", "fay", "eve", "nils", "nora", "sue")


def roster(on_duty=ON_DUTY, *, plans=(("C1", "gold"),), without_slack=(), without_mail=(), teams=TEAMS, zone="UTC"):
    start, end = NOON - timedelta(days=2), NOON + timedelta(days=30)
    people = [
        (
            name,
            name.capitalize(),
            None if name in without_slack else f"U{name.upper()}",
            None if name in without_mail else f"{name}@provider.example",
            zone,
        )
        for name in EVERYBODY
    ]
    clients = [
        (client, plan, f"#{client.lower()}", [f"boss@{client.lower()}.example"], "Europe/Berlin")
        for client, plan in plans
    ]
    return Roster(
        desk=Desk(
            memberships=pl.DataFrame(
                [(person, f"R0-{team}") for team, members in teams.items() for person in members],
                schema={"person_id": pl.String, "group_id": pl.String},
                orient="row",
            ),
            duty=pl.DataFrame(
                [(person, start, end) for person in on_duty],
                schema={"person_id": pl.String, "starts_at": INSTANT, "ends_at": INSTANT},
                orient="row",
            ),
            people=pl.DataFrame(
                [(name, True, None if name == "sue" else "sue") for name in EVERYBODY],
                schema={"person_id": pl.String, "is_active": pl.Boolean, "reports_to": pl.String},
                orient="row",
            ),
            groups=pl.DataFrame(
                [(f"R0-{team}", members[0], team) for team, members in teams.items()],
                schema={"group_id": pl.String, "lead_id": pl.String, "name": pl.String},
                orient="row",
            ),
            sites=pl.DataFrame([], schema={"site_id": pl.String, "supervisor_id": pl.String}),
        ),
        people=pl.DataFrame(people, schema=PEOPLE, orient="row"),
        clients=pl.DataFrame(clients, schema=CLIENTS, orient="row"),
    )


def run(database, minutes, *, who=None, channels=CHANNELS, **settings):
    """One run of routing at a moment."""
    rules = Rules(settings=Routing.model_validate(settings), channels=channels)
    return route(database, who or roster(), rules, now=at(minutes))


def notices(database, **equal):
    """Decisions as (`kind`, `audience`, `person_id`, `channel`, `decision`), in order."""
    found = rows(database, "SELECT * FROM notices ORDER BY notice_id")
    kept = [row for row in found if all(row[name] == value for name, value in equal.items())]
    return [(row["kind"], row["audience"], row["person_id"], row["channel"], row["decision"]) for row in kept]


def messages(database):
    """The messages that are planned or were sent: (address, key without its beginning, state)."""
    found = rows(database, "SELECT key, payload, state, due_at FROM effects WHERE kind = 'message' ORDER BY effect_id")
    return [
        (row["payload"]["address"], row["key"].rsplit(row["payload"]["address"] + "/")[-1], row["state"])
        for row in found
    ]


def send_all(database, minutes):
    """All messages that are due are sent."""
    return len(
        rows(
            database,
            "UPDATE effects SET state = 'done', settled_at = :at, settled_by = 'test' WHERE kind = 'message' AND "
            "state = 'planned' AND due_at <= :at RETURNING effect_id",
            at=at(minutes),
        )
    )
