"""`opsguard playbook log`: executions, and one with its steps, approvals and history.

Here: the command. Not here: reading (`remediation.engine.log_io`), acting (`playbook_acting`).
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.remediation.engine.log_io import STATES, Row, decisions_about, executions, one
from opsguard_assets.remediation.engine.people_io import switches
from opsguard_assets.remediation.engine.states import State
from opsguard_assets.views.clocks import clock
from opsguard_assets.views.mentioned import (
    change_words,
    known_of,
    people_in_history,
    people_in_plans,
    people_in_steps,
    people_in_words,
)
from opsguard_assets.views.names import names_of
from opsguard_assets.views.texts import line, named


def log(
    number: Annotated[int | None, typer.Argument(help="Number of an execution: with all that it did.")] = None,
    playbook: Annotated[str | None, typer.Option(help="Only executions of this playbook.")] = None,
    alert: Annotated[int | None, typer.Option(help="Only about this alert, and why others did not run.")] = None,
    state: Annotated[list[State] | None, typer.Option(help="Only these states. Default: all.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of executions, newest first.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List executions, the newest first, with the approvals that they wait for; or show one.

    Example: `opsguard playbook log --state awaiting_approval`.
    """
    with opened(config) as session:
        database, zone = session.installation.database, session.settings.operations.timezone
        if number is not None:
            row = one(database, number)
            people = _people(session, row)
            if as_json:
                print_json({**row, "people": people})
            else:
                _show(row, people, zone)
            return
        states = tuple(each.value for each in state) if state else STATES
        rows = executions(database, states=states, playbook=playbook, alert_id=alert, limit=limit)
        decided = decisions_about(database, alert) if alert is not None else []
        held = switches(database)
        said = people_in_words([row["reason"] for row in rows])
        people = _known(session, {row["requested_by"] for row in rows} | {row["by"] for row in held} | said)
    if as_json:
        print_json({"executions": rows, "decisions": decided, "switches": held, "people": people})
        return
    print_rows("Executions", [_listed(row, people, zone) for row in rows])
    if alert is not None:
        shown = [{**row, "at": clock(row["at"], zone), "reason": line(row["reason"])} for row in decided]
        print_rows(f"\nWhy playbooks ran about alert {alert}, or did not", shown)
    for row in held:
        what = {"all": "All playbooks are off", "paused": f"{row['name']} is paused"}
        words = what.get(row["scope"], f"{row['scope']} {row['name']} is off")
        typer.echo(
            line(f"{words} since {clock(row['since'], zone)}, by {named(row['by'], people)}: {row['why']}"), err=True
        )


def _listed(row: Row, people: Mapping[str, str], zone: str) -> dict[str, Any]:
    asks = f"approval {row['approval_id']} of {row['team']}" if row["approval_id"] else ""
    until = row["expires_at"] or row["due_at"]
    return {
        "execution": row["execution_id"],
        "playbook": row["playbook"],
        "alert": row["alert_id"],
        "about": line(row["title"]),
        "mode": row["mode"],
        "state": row["state"],
        "asks": asks,
        "begun": clock(row["begun_at"], zone) if row["begun_at"] else "",
        "until": clock(until, zone) if until else "",
        "why": line(named(row["reason"] or "", people)),
    }


def _people(session: Session, row: Row) -> dict[str, str]:
    """Names of people whom an execution mentions, by identifier, where they are known."""
    found = {row["requested_by"]} | people_in_steps(row["steps"]) | people_in_history(row["history"])
    for asked in row["approvals"]:
        found |= {vote["person_id"] for vote in asked["votes"]}
        found |= people_in_plans(asked["plan"])
    return _known(session, found)


def _known(session: Session, people: Iterable[str]) -> dict[str, str]:
    return known_of(people, names_of(session.installation.lake, [], people=people))


def _show(row: Row, people: Mapping[str, str], zone: str) -> None:
    def as_line(text: str | None) -> str:
        return line(named(text or "", people))

    undoes = f", undoes execution {row['undo_of']}" if row["undo_of"] else ""
    typer.echo(
        f"Execution {row['execution_id']} of {row['playbook']} ({row['digest'][:12]}) about alert {row['alert_id']}, "
        f"mode {row['mode']}, asked for by {as_line(row['requested_by'])}{undoes}"
    )
    typer.echo("  " + as_line(row["state"] + (f": {row['reason']}" if row["reason"] else "")))
    steps = [
        {
            "step": f"{each['phase']} {each['step'] + 1}",
            "name": each["name"],
            "action": each["action"],
            "state": each["state"],
            "attempts": each["attempts"],
            "begun": clock(each["started_at"], zone),
            "what": as_line(each["words"]),
        }
        for each in row["steps"]
    ]
    print_rows("\nSteps", steps)
    for asked in row["approvals"]:
        _show_approval(asked, people, zone)
    history = [
        {**each, "at": clock(each["at"], zone), "actor": as_line(each["actor"]), "detail": as_line(each["detail"])}
        for each in row["history"]
    ]
    print_rows("\nHistory", history)


def _show_approval(asked: Row, people: Mapping[str, str], zone: str) -> None:
    decision = asked["decision"] or f"open until {clock(asked['expires_at'], zone)}"
    typer.echo(f"\nApproval {asked['approval_id']}, team {line(asked['team'] or '-')}: {decision}")
    for entry in asked["plan"]:
        final = " (nothing takes it back)" if entry["is_final"] else ""
        typer.echo("  " + line(f"{entry['name']}: {named(entry['words'], people)}{final}"))
        for change in entry["changes"]:
            typer.echo("    " + line(change_words(change, people)))
    for vote in asked["votes"]:
        note = f": {vote['note']}" if vote["note"] else ""
        who = people.get(vote["person_id"], vote["person_id"])
        typer.echo("  " + line(f"{who} said {vote['vote']} at {clock(vote['at'], zone)}{note}"))
