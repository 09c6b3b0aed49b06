"""`opsguard alerts`: what is open, why, and what people do about it. Not here: the life of alerts itself."""

import getpass
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from opsguard_assets.alerts import queries
from opsguard_assets.alerts.people import ActionError, Muted, acknowledge, end_mute, resolve
from opsguard_assets.alerts.people import mute as mute_them
from opsguard_assets.alerts.windows import WindowError, instant_of, length_of
from opsguard_assets.commands.explanation import explained, zone_of
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows, visible

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="What is wrong now, why, and what was done about it. An alert has one number, lives under one key "
    "(type:entity), is raised once, is brought up to date at every tick and clears itself when its condition does.",
    epilog="Begin with `opsguard alerts list`. Nobody was told of something? `opsguard alerts explain TICKET`.",
)


class State(StrEnum):
    """What an alert can be."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"


By = Annotated[str | None, typer.Option("--by", help="Who acts; the user of this system where left out.")]
Numbers = Annotated[list[int], typer.Argument(help="Numbers of alerts, as `list` shows them.")]
_LISTED = ("alert_id", "severity", "state", "title", "score", "first_seen_at", "last_seen_at", "occurrences")


@app.command("list")
def list_alerts(
    state: Annotated[list[State] | None, typer.Option(help="Only these; all but resolved where left out.")] = None,
    alert_type: Annotated[str | None, typer.Option("--type", help="Only these, such as sla_breach_risk.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the gravest first.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show alerts, the gravest first.

    Example: `opsguard alerts list --state open --type sla_breach_risk`.
    """
    states = [one.value for one in state] if state else queries.UNRESOLVED
    with opened(config) as session:
        rows = queries.alerts(session.installation.database, states=states, alert_type=alert_type, limit=limit)
    if as_json:
        print_json(rows)
        return
    print_rows(f"Alerts ({', '.join(states)})", [_shown(row, _LISTED) for row in rows])
    if len(rows) == limit:
        typer.echo(f"\nThere may be more; --limit shows more than {limit}.")


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="Number of an alert.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one alert: its evidence, its model, and everything that ever happened to it, by whom."""
    with opened(config) as session:
        alert = queries.alert(session.installation.database, number)
        history = queries.history(session.installation.database, number)
    if alert is None:
        raise ActionError(f"There is no alert {number}; `opsguard alerts list` shows those that are open.")
    if as_json:
        print_json({**alert, "history": history})
        return
    facts = [{"what": name, "value": _text(value)} for name, value in alert.items() if value not in (None, "")]
    print_rows(visible(alert["title"]), facts)
    print_rows("\nHistory (UTC)", [_shown(row, tuple(row)) for row in history])


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="A key (sla_breach_risk:T-17), or a ticket or another entity (T-17).")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many decisions, the newest first.")] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why there is, or is not, an alert: what was decided on a key or an entity at every recent tick, in words.

    Example: `opsguard alerts explain T-17`.
    """
    with opened(config) as session:
        answer = explained(session, what, limit=limit)
    if as_json:
        print_json(answer)
        return
    typer.echo(visible(answer["answer"]))
    if answer["decisions"]:
        shown = ("from", "to", "ticks", "key", "decision", "meaning", "alert_id")
        print_rows("\nDecisions (UTC)", [_shown(row, shown) for row in answer["decisions"]])


@app.command()
def ack(
    numbers: Numbers,
    note: Annotated[str, typer.Option(help="What you are about to do.")] = "",
    by: By = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that somebody looks after alerts. They stay, and are brought up to date, until their condition clears.

    Example: `opsguard alerts ack 12 14 --note "calling the customer"`.
    """
    _act(numbers, lambda database, number, at, actor: acknowledge(database, number, at=at, actor=actor, note=note),
         by, config, as_json=as_json)  # fmt: skip


@app.command("resolve")
def resolve_alerts(
    numbers: Numbers,
    note: Annotated[str, typer.Option(help="What was done; it stays in the history.")],
    by: By = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that alerts are done. While the condition still holds they stay away, unless it gets worse.

    Once the condition has cleared, the next time is a new alert.

    Example: `opsguard alerts resolve 12 --note "customer accepted a new date"`.
    """
    _act(numbers, lambda database, number, at, actor: resolve(database, number, at=at, actor=actor, note=note),
         by, config, as_json=as_json)  # fmt: skip


@app.command()
def mute(  # noqa: PLR0913, PLR0917 - every option of the command is one
    reason: Annotated[str, typer.Option(help="Why, for those who wonder about the silence.")],
    alert_type: Annotated[str | None, typer.Option("--type", help="Alerts of this type.")] = None,
    entity: Annotated[str | None, typer.Option(help="Alerts about this ticket, device, …")] = None,
    site: Annotated[str | None, typer.Option(help="Alerts of this site.")] = None,
    client: Annotated[str | None, typer.Option(help="Alerts of this client.")] = None,
    begins: Annotated[str | None, typer.Option("--from", help="First instant; now where left out.")] = None,
    ends: Annotated[str | None, typer.Option("--until", help="End, such as 2026-03-29T22:00.")] = None,
    lasts: Annotated[str | None, typer.Option("--for", help="Or how long, such as 30m, 8h or 2d.")] = None,
    by: By = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suppress alerts for a while, such as a maintenance window. What is named together must fit together.

    Times without an offset are those of the site, else of the client, else of operations.timezone. The mute ends by
    itself, and what is still true then is open again at the next tick. Fire, intrusion and panic cannot be muted.

    Example: `opsguard alerts mute --site S-4 --until 2026-03-29T22:00 --reason "lift replaced"`.
    """
    if (ends is None) == (lasts is None):
        raise typer.BadParameter("say when it ends: --until TIME or --for LENGTH")
    covered = Muted(alert_type=alert_type, entity_id=entity, site_id=site, client_id=client)
    with opened(config) as session:
        zone = zone_of(session, covered)
        try:
            begin = instant_of(begins, zone) if begins else datetime.now(UTC).replace(microsecond=0)
            end = begin + length_of(lasts) if lasts else instant_of(ends or "", zone)
        except WindowError as error:
            raise typer.BadParameter(str(error)) from None
        number = mute_them(
            session.installation.database, covered, begins_at=begin, ends_at=end, reason=reason, actor=_actor(by)
        )
    if as_json:
        print_json({"mute_id": number, **vars(covered), "begins_at": begin, "ends_at": end, "timezone": zone})
    else:
        typer.echo(f"Mute {number}: {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, from the next tick on.")


@app.command()
def mutes(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the mutes that have not ended, with who made them and why."""
    with opened(config) as session:
        rows = queries.mutes(session.installation.database, datetime.now(UTC))
    if as_json:
        print_json(rows)
    else:
        print_rows("Mutes (UTC)", [_shown(row, tuple(row)) for row in rows])


@app.command()
def unmute(
    number: Annotated[int, typer.Argument(help="Number of a mute, as `mutes` shows it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a mute now; what is still true is open again at the next tick."""
    at = datetime.now(UTC)
    with opened(config) as session:
        end_mute(session.installation.database, number, at=at)
    if as_json:
        print_json({"mute_id": number, "ends_at": at})
    else:
        typer.echo(f"Mute {number} has ended; what is still true is open again at the next tick.")


def _act(numbers: Sequence[int], action: Callable[..., None], by: str | None, config: Any, *, as_json: bool) -> None:
    """Does something to alerts one after the other; those before a failure stay done and are shown."""
    at, actor, done = datetime.now(UTC), _actor(by), []
    with opened(config) as session:
        database = session.installation.database
        try:
            for number in dict.fromkeys(numbers):
                action(database, number, at, actor)
                done.append(queries.alert(database, number))
        finally:
            if as_json:
                print_json(done)
            elif done:
                print_rows("Done", [_shown(row, _LISTED) for row in done if row])


def _actor(by: str | None) -> str:
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise typer.BadParameter("this system does not know who you are; say it with --by NAME") from None


def _shown(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A row for people: numbers of alerts and mutes are names and not quantities."""
    return {name: value if isinstance(value := row[name], float | None) else _text(value) for name in names}


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
