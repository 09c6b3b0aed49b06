"""`opsguard deliver`: sends what is due; messages, their states, and those whose delivery only a person can find out.

Here: the commands. Not here: sending (`opsguard_assets.delivery`), deciding who is told (`opsguard_assets.routing`).
"""

import os
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.session import (
    ConfigOption,
    JsonOption,
    Session,
    console,
    opened,
    print_json,
    print_rows,
)
from opsguard_assets.delivery.channels_io import transports_of
from opsguard_assets.delivery.deliver_io import STATES, Delivered, messages, resolve_unknown
from opsguard_assets.delivery.round_io import Place, due_at, run_round
from opsguard_assets.routing.run_io import route_now
from opsguard_assets.views.clocks import clock
from opsguard_assets.views.names import with_readers

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=False,
    add_completion=False,
    help="Send what is due to people, each message once; list messages; resolve unknown ones.",
    epilog="A message is unknown? Ask the reader, then run `opsguard deliver resolve-unknown`.",
)
_SHOWN = ("effect_id", "planned_at", "channel", "who", "kind", "incident_id", "state", "attempts", "answer")
_NOTHING_SENT = (
    "Nothing is sent to anybody: no channel is set up. What would have been sent lies in {}. "
    "docs/delivery.md says how channels are set up."
)


class State(StrEnum):
    """The states of a message."""

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@app.callback(invoke_without_command=True)
def deliver(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Send what is due now and end. Default: until Ctrl-C.")] = False,
    every: Annotated[int, typer.Option(min=1, help="Seconds between looks for something due.")] = 10,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send what is due: with --once a single round, otherwise a round whenever something is due, until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    with opened(config) as session:
        _say_where(session)
        if once:
            _show(_round(session), as_json=as_json)
            return
        while True:
            due = due_at(session.installation.database, session.settings, datetime.now(UTC))
            if due is not None and due <= datetime.now(UTC):
                _show(_round(session), as_json=as_json)
            time.sleep(every)


@app.command("list")
def list_messages(
    state: Annotated[list[State] | None, typer.Option(help="Only these states. Default: all.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of messages, newest first.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List messages, newest first.

    Example: `opsguard deliver list --state failed --state unknown`.
    """
    states = [one.value for one in state] if state else STATES
    with opened(config) as session:
        rows = with_readers(session.installation.lake, messages(session.installation.database, states, limit))
    if as_json:
        print_json(rows)
        return
    zone = session.settings.operations.timezone
    shown = [{name: row[name] for name in _SHOWN} for row in rows]
    for row in shown:
        row["planned_at"] = clock(row["planned_at"], zone)
    print_rows(f"Messages ({', '.join(states)})", shown)


@app.command("resolve-unknown")
def resolve(
    number: Annotated[int, typer.Argument(help="Number of an unknown message, as shown by `list`.")],
    happened: Annotated[bool, typer.Option("--arrived/--not-arrived", help="What the reader says.")],
    note: Annotated[str, typer.Option(help="Who says so, and what they see. It is kept in the history.")],
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report whether a message arrived when OpsGuard could not find out.

    Example: `opsguard deliver resolve-unknown 12 --arrived --note "Ada has the mail of 12:31"`.
    """
    with opened(config) as session:
        home = session.installation.environment.home
        transports = transports_of(session.settings.delivery, os.environ, home)
        resolve_unknown(
            session.installation.database,
            transports,
            number,
            happened=happened,
            actor=actor_of(by),
            words=note,
        )
    state = "done" if happened else "failed"
    if as_json:
        print_json({"effect_id": number, "state": state})
    else:
        typer.echo(f"Message {number} is {state}.")


def _round(session: Session) -> Delivered:
    """Steps of chains and digests that are due are decided on first, as in Dagster's job."""
    installation = session.installation
    route_now(installation.database, installation.lake, session.settings, now=datetime.now(UTC))
    place = Place(installation.database, installation.lake, os.environ, installation.environment.home)
    return run_round(place, session.settings)


def _say_where(session: Session) -> None:
    if session.settings.delivery.sends_nothing:
        words = _NOTHING_SENT.format(session.installation.environment.home / "mailbox")
        console.print(words, markup=False, soft_wrap=True)


def _show(done: Delivered, *, as_json: bool) -> None:
    if as_json:
        print_json({"settled": dict(done.settled), "silent": list(done.silent)})
        return
    words = ", ".join(f"{count:,} {state}" for state, count in sorted(done.settled.items()))
    typer.echo(f"Messages: {words or 'nothing was due'}")
    if done.silent:
        typer.echo(f"Not answering, and tried again later: {', '.join(done.silent)}")
