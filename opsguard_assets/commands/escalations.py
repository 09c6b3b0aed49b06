"""`opsguard escalations`: escalations, their results, and those whose result only a person can find out.

Here: the commands. Not here: escalating (`opsguard tick escalations`, `opsguard_assets.tickets`).
"""

from enum import StrEnum
from typing import Annotated

import typer

from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows
from opsguard_assets.tickets.escalation import io as store
from opsguard_assets.tickets.escalation.escalate import resolve_unknown
from opsguard_assets.views.clocks import clock

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="Tickets whose priority was raised and that were reassigned before their deadline, once per step.",
    epilog="A result is unknown? Check the helpdesk, then run `opsguard escalations resolve-unknown`.",
)
_SHOWN = (
    "escalation_id",
    "ticket_id",
    "step",
    "state",
    "to_priority",
    "to_assignee_id",
    "to_tell",
    "told",
    "as_of",
    "answer",
)


_NOT_SENT = (
    "The people under “to tell” have not been reached: no channel is set up, none has an address of theirs, or the "
    "message is on its way (`opsguard deliver list`). Tell them yourself; the notices are kept."
)


class State(StrEnum):
    """The states of an escalation."""

    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@app.command("list")
def list_escalations(
    state: Annotated[list[State] | None, typer.Option(help="Only these states. Default: all.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of escalations, newest first.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List escalations, newest first.

    Example: `opsguard escalations list --state failed --state unknown`.
    """
    states = [one.value for one in state] if state else store.STATES
    with opened(config) as session:
        rows = store.escalations(session.installation.database, states=states, limit=limit)
    if as_json:
        print_json(rows)
        return
    zone = session.settings.operations.timezone
    shown = [{name: row[name] for name in _SHOWN} for row in rows]
    for row in shown:
        row["as_of"] = clock(row["as_of"], zone)
        row["told"] = row["told"] or "nobody"
    print_rows(f"Escalations ({', '.join(states)})", shown)
    if any(row["to_tell"] for row in rows):
        typer.echo(f"\n{_NOT_SENT}")


@app.command("resolve-unknown")
def resolve(
    number: Annotated[int, typer.Argument(help="Number of an unknown escalation, as shown by `list`.")],
    happened: Annotated[bool, typer.Option("--happened/--not-happened", help="What you saw in the helpdesk.")],
    note: Annotated[str, typer.Option(help="What you saw, and where. It is kept in the history.")],
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report whether an escalation took effect when OpsGuard could not verify it.

    Example: `opsguard escalations resolve-unknown 12 --happened --note "priority is high since 12:31"`.
    """
    with opened(config) as session:
        resolve_unknown(session.installation.database, number, happened=happened, actor=actor_of(by), words=note)
    state = "done" if happened else "failed"
    if as_json:
        print_json({"escalation_id": number, "state": state})
    else:
        typer.echo(f"Escalation {number} is {state}.")
