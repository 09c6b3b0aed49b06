"""`opsguard incidents`: alerts that belong together, and what people do to them.

Here: the commands. Not here: grouping and actions (`opsguard_assets.incidents`), the view (`opsguard_assets.views`).
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.incidents import people
from opsguard_assets.incidents.io import incidents_in
from opsguard_assets.incidents.people import Acted
from opsguard_assets.routing.io import decisions_on
from opsguard_assets.views.clocks import clock
from opsguard_assets.views.incidents import IncidentView, incident_view, incident_views, names_of_incidents
from opsguard_assets.views.names import with_readers
from opsguard_assets.views.texts import line

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="Alerts that belong together are one incident: somebody has it, and people are told once.",
    epilog="Start with `opsguard incidents list`. `opsguard route test` says who is told of what.",
)
Number = Annotated[int, typer.Argument(help="Number of the incident, as shown by `list`.")]
Note = Annotated[str, typer.Option(help="Why. It is kept in the history.")]


class State(StrEnum):
    """The states of an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@app.command("list")
def list_incidents(
    state: Annotated[list[State] | None, typer.Option(help="Only these states. Default: all but resolved.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of incidents.")] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List incidents, the greatest priority first.

    Example: `opsguard incidents list --state open`.
    """
    states = [one.value for one in state] if state else ["open", "acknowledged"]
    with opened(config) as session:
        database, lake = session.installation.database, session.installation.lake
        rows = incidents_in(database, states=states, limit=limit)
        if as_json:
            print_json(rows)
            return
        numbers = [row["incident_id"] for row in rows]
        names, now = names_of_incidents(database, lake, numbers), datetime.now(UTC)
        views = incident_views(database, names, numbers, now)
    print_rows(f"Incidents ({', '.join(states)})", [_row(view, session) for view in views])


def _row(view: IncidentView, session: Session) -> dict[str, Any]:
    return {
        "incident": view.incident_id,
        "priority": view.priority,
        "state": view.state,
        "what": line(view.title),
        "alerts": view.unresolved,
        "where": line(view.where or ""),
        "by": clock(view.due_at, view.zone or session.settings.operations.timezone) if view.due_at else "",
        "who has it": line(view.holder),
    }


@app.command()
def show(number: Number, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one incident: its alerts and why they are in it, its history, and who was told.

    Example: `opsguard incidents show 3`.
    """
    with opened(config) as session:
        database, lake = session.installation.database, session.installation.lake
        names = names_of_incidents(database, lake, [number])
        view = incident_view(database, names, number, datetime.now(UTC))
        told_about = with_readers(lake, decisions_on(database, [number]))
    if view is None:
        raise ActionError(f"There is no incident {number}; `opsguard incidents list` shows those that are open.")
    if as_json:
        print_json({**vars(view), "decisions": told_about})
        return
    zone = view.zone or session.settings.operations.timezone
    typer.echo(f"Incident {number} ({view.state}, priority {view.priority}, {view.severity}): {line(view.title)}")
    for what, words in (("where", view.where), ("why", "; ".join(view.why)), ("next", view.next_step)):
        if words:
            typer.echo(f"  {what}: {line(words)}")
    typer.echo(f"  who has it: {line(view.holder)}")
    alerts = [
        {
            "alert": row["alert_id"],
            "state": row["state"],
            "what": line(row["title"]),
            "in it because of": line(row["joined_why"]),
        }
        for row in view.alerts
    ]
    print_rows("\nAlerts", alerts)
    print_rows("\nHistory", [_step(row, zone) for row in view.history])
    print_rows("\nWho was told, the newest first", [_decision(row, zone) for row in told_about])


def _step(row: dict[str, Any], zone: str) -> dict[str, Any]:
    return {
        "at": clock(row["at"], zone),
        "who": row["actor"],
        "state": row["to_state"],
        "what": line(row["detail"] or ""),
    }


def _decision(row: dict[str, Any], zone: str) -> dict[str, Any]:
    return {
        "at": clock(row["decided_at"], zone),
        "as": row["audience"],
        "who": line(row["who"]),
        "by": row["channel"],
        "decision": row["decision"],
        "message": row["state"] or "",
        "reason": line(row["reason"]),
        "rule": row["rule"],
    }


@app.command()
def ack(
    number: Number,
    note: Annotated[str, typer.Option(help="What you will do. It is kept in the history.")] = "",
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Acknowledge an incident and its alerts: you have it, and nobody else is told.

    Example: `opsguard incidents ack 3 --note "on my way"`.
    """
    with opened(config) as session:
        done = people.acknowledge(
            session.installation.database, number, at=datetime.now(UTC), actor=actor_of(by), surface="cli", note=note
        )
    _say(done, as_json=as_json)


@app.command()
def resolve(
    number: Number, note: Note, by: ActorOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Resolve an incident with its alerts. They are not raised again while they hold, unless they get graver.

    Example: `opsguard incidents resolve 3 --note "line is back"`.
    """
    with opened(config) as session:
        done = people.resolve(
            session.installation.database, number, at=datetime.now(UTC), actor=actor_of(by), surface="cli", note=note
        )
    _say(done, as_json=as_json)


@app.command()
def split(
    number: Number,
    alerts: Annotated[list[int], typer.Argument(help="Numbers of the alerts that leave it.")],
    note: Note,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take alerts out of an incident into one of their own.

    Example: `opsguard incidents split 3 17 18 --note "another gateway"`.
    """
    with opened(config) as session:
        done = people.split(
            session.installation.database, number, alerts, at=datetime.now(UTC), actor=actor_of(by), note=note
        )
    _say(done, as_json=as_json)


@app.command()
def merge(
    number: Number,
    into: Annotated[int, typer.Argument(help="Number of the incident that it becomes part of.")],
    note: Note,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an incident part of another one of the same client.

    Example: `opsguard incidents merge 4 3 --note "one power cut"`.
    """
    with opened(config) as session:
        done = people.merge(
            session.installation.database, number, into, at=datetime.now(UTC), actor=actor_of(by), note=note
        )
    _say(done, as_json=as_json)


def _say(done: Acted, *, as_json: bool) -> None:
    if as_json:
        print_json(vars(done))
    else:
        typer.echo(done.words)
