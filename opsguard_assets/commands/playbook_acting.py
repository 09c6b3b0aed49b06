"""What people do to playbooks and executions by command: run, approve, deny, cancel, undo, pause, switch off, tick.

Here: the commands. Not here: what they do (`opsguard_assets.remediation.engine`), commands that show (`playbook`,
`playbook_log`).
"""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.playbooks_in_use import in_use
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, console, opened, print_json
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.actions.adapters_io import adapters_of
from opsguard_assets.remediation.engine import people_io
from opsguard_assets.remediation.engine.advance_io import Advanced, advance
from opsguard_assets.remediation.engine.approvals_io import Decision, decide
from opsguard_assets.remediation.engine.people_io import Done, Scope
from opsguard_assets.remediation.engine.triggers_io import trigger
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.views.texts import line

ExecutionNumber = Annotated[int, typer.Argument(help="Number of the execution, as shown by `opsguard playbook log`.")]
ApprovalNumber = Annotated[int, typer.Argument(help="Number of the approval, as shown by `opsguard playbook log`.")]
PlaybookName = Annotated[str, typer.Argument(help="Name of the playbook, as shown by `opsguard playbook list`.")]
NoteOption = Annotated[str, typer.Option(help="Why. It is kept in the history.")]
PersonOption = Annotated[str, typer.Option("--by", help="Identifier of the person who decides, as in `people`.")]
_OnlyPlaybook = Annotated[str | None, typer.Option("--playbook", help="Only this playbook. Default: all.")]
_OnlyClient = Annotated[str | None, typer.Option("--client", help="Only the playbooks of this client.")]


def run(
    name: PlaybookName,
    alert: Annotated[int, typer.Option(help="Number of the alert that it is about.")],
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a playbook about an alert. Somebody else has to agree before it acts.

    Example: `opsguard playbook run device-offline --alert 17`.
    """
    with opened(config) as session:
        done = people_io.run(_world(session), _playbooks(session), name, alert, actor=actor_of(by), now=_now())
        if done.is_new:
            _advanced(session)
    _say(done, as_json=as_json)


def approve(
    number: ApprovalNumber,
    by: PersonOption,
    note: NoteOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Agree to what an approval shows. It is planned again first; where it would be something else now, it is void.

    Example: `opsguard playbook approve 3 --by P-17`.
    """
    _decided(number, by, note, config, agrees=True, as_json=as_json)


def deny(
    number: ApprovalNumber,
    by: PersonOption,
    note: NoteOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deny what an approval shows; its execution ends.

    Example: `opsguard playbook deny 3 --by P-17 --note "not at night"`.
    """
    _decided(number, by, note, config, agrees=False, as_json=as_json)


def cancel(
    number: ExecutionNumber,
    note: NoteOption,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End an execution between two of its steps.

    Example: `opsguard playbook cancel 5 --note "done by hand"`.
    """
    with opened(config) as session:
        database, settings = session.installation.database, session.settings
        done = people_io.cancel(database, settings, number, actor=actor_of(by), note=note, now=_now())
    _say(done, as_json=as_json)


def undo(
    number: ExecutionNumber, by: ActorOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Take back what an execution did, the last step first. What somebody changed since is left, what is final stays.

    Example: `opsguard playbook undo 5`.
    """
    with opened(config) as session:
        database, settings = session.installation.database, session.settings
        done = people_io.undo(database, settings, number, actor=actor_of(by), now=_now())
        _advanced(session)
    _say(done, as_json=as_json)


def pause(
    name: PlaybookName,
    note: NoteOption,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pause a playbook: nothing of it begins or goes on.

    Example: `opsguard playbook pause low-battery --note "tickets go to the wrong team"`.
    """
    with opened(config) as session:
        done = people_io.pause(session.installation.database, name, actor=actor_of(by), note=note, now=_now())
    _say(done, as_json=as_json)


def resume(name: PlaybookName, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a playbook go on that is paused, by a person or because it failed too often.

    Example: `opsguard playbook resume low-battery`.
    """
    with opened(config) as session:
        done = people_io.resume(session.installation.database, name, now=_now())
    _say(done, as_json=as_json)


def off(
    note: NoteOption,
    playbook: _OnlyPlaybook = None,
    client: _OnlyClient = None,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Switch playbooks off: nothing begins, and nothing goes on, until they are switched on again.

    Example: `opsguard playbook off --note "the ticket system is being moved"`.
    """
    _switched(playbook, client, actor_of(by), note, config, is_on=False, as_json=as_json)


def on(
    playbook: _OnlyPlaybook = None,
    client: _OnlyClient = None,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Switch playbooks on again.

    Example: `opsguard playbook on --client C-3`.
    """
    _switched(playbook, client, actor_of(by), "", config, is_on=True, as_json=as_json)


def tick(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Start what alerts ask for, and move every execution that is due. `opsguard up` does this by itself.

    Example: `opsguard playbook tick`.
    """
    with opened(config) as session:
        started = trigger(_world(session), _playbooks(session), now=_now())
        done = _advanced(session)
    document = {"decided": dict(started.decisions), **vars(done)}
    if as_json:
        print_json(document)
    else:
        decided = ", ".join(f"{count:,} {name}" for name, count in started.decisions.items())
        ended = ", ".join(f"{count:,} {state}" for state, count in sorted(done.ended.items()))
        typer.echo(f"Alerts: {decided or 'nothing new'}")
        typer.echo(f"Executions: {done.moved:,} moved, {ended or 'none ended'}")
        for target in done.silent:
            typer.echo(f"Not answering, and tried again later: {target}")
        for words in done.errors:
            console.print(line(words), markup=False, style="red")
    if done.errors:
        raise typer.Exit(1)


def resolve_unknown(
    number: ExecutionNumber,
    happened: Annotated[bool, typer.Option("--happened/--not-happened", help="What the other side shows.")],
    note: NoteOption,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report whether a step happened when OpsGuard could not find out. Its execution goes on.

    Example: `opsguard playbook resolve-unknown 5 --happened --note "the gateway was restarted at 12:31"`.
    """
    with opened(config) as session:
        done = people_io.resolve_unknown(
            session.installation.database, session.settings, number, happened=happened, actor=actor_of(by), note=note,
            now=_now(),
        )  # fmt: skip
    _say(done, as_json=as_json)


COMMANDS: Final[Mapping[str, Callable[..., Any]]] = {
    "run": run,
    "approve": approve,
    "deny": deny,
    "cancel": cancel,
    "undo": undo,
    "pause": pause,
    "resume": resume,
    "off": off,
    "on": on,
    "tick": tick,
    "resolve-unknown": resolve_unknown,
}


def _decided(number: int, by: str, note: str, config: Any, *, agrees: bool, as_json: bool) -> None:
    with opened(config) as session:
        done = decide(_world(session), number, by, agrees, _now(), surface="cli", note=note)
        if done.is_new and done.decision is not None:
            _advanced(session)
    if as_json:
        print_json(vars(done))
    else:
        typer.echo(line(done.words))
    if not _is_as_wanted(done, agrees=agrees):
        raise typer.Exit(1)


def _is_as_wanted(done: Decision, *, agrees: bool) -> bool:
    return done.decision in ({"approved", None} if agrees else {"denied"})


def _switched(
    playbook: str | None, client: str | None, actor: str, note: str, config: Any, *, is_on: bool, as_json: bool
) -> None:
    if playbook and client:
        raise typer.BadParameter("name a playbook or a client, not both")
    scope: Scope = "playbook" if playbook else "client" if client else "all"
    with opened(config) as session:
        done = people_io.switch(
            session.installation.database, scope, playbook or client or "", is_on=is_on, actor=actor, note=note,
            now=_now(),
        )  # fmt: skip
    _say(done, as_json=as_json)


def _world(session: Session) -> World:
    return World(session.installation.database, session.installation.lake, session.settings)


def _playbooks(session: Session) -> list[Playbook]:
    held = in_use(session)
    for words in held.problems:
        console.print(line(words), markup=False, style="red", soft_wrap=True)
    return [each.playbook for each in held.playbooks.values()]


def _advanced(session: Session) -> Advanced:
    place = session.installation
    return advance(_world(session), adapters_of(session.settings, os.environ, place.lake, place.database))


def _say(done: Done, *, as_json: bool) -> None:
    if as_json:
        print_json(vars(done))
    else:
        typer.echo(line(done.words))


def _now() -> datetime:
    return datetime.now(UTC)
