"""`opsguard alerts`: open alerts, their reasons, and what people do about them. Not here: the alert lifecycle."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any

import polars as pl
import typer

from opsguard_assets.alerts import queries
from opsguard_assets.alerts.feedback import give_feedback
from opsguard_assets.alerts.kinds import life_safety_kinds
from opsguard_assets.alerts.people import ActionError, Muted, acknowledge_in, end_mute, resolve
from opsguard_assets.alerts.people import mute as mute_them
from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.alert_noise import noise
from opsguard_assets.commands.alert_pages import print_alert, print_alerts, print_attachments
from opsguard_assets.commands.explanation import explained, zone_of
from opsguard_assets.commands.moments import duration, instant_in
from opsguard_assets.commands.session import (
    ConfigOption,
    JsonOption,
    Session,
    opened,
    print_json,
    print_rows,
)
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.incidents.people import acknowledged_alert
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import SEVERITIES
from opsguard_assets.views.alerts import AHEAD, LOST, TIMELESS, described, rounded
from opsguard_assets.views.alerts import as_json as as_machine
from opsguard_assets.views.attachments import attachment, attachments_of
from opsguard_assets.views.clocks import clock
from opsguard_assets.views.names import names_of
from opsguard_assets.views.texts import line
from resources.database import Database

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="What is wrong now, why, and what was done about it. An alert has one number and one key (type:entity). It is "
    "raised once, refreshed at every tick, and cleared when its condition ends.",
    epilog="Start with `opsguard alerts list`. An alert is missing? `opsguard alerts explain TICKET` says why.",
)


app.command()(noise)


class State(StrEnum):
    """The states of an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"


Numbers = Annotated[list[int], typer.Argument(help="Alert numbers, as shown by `list`.")]
# Rows of each table of an attachment that `show` prints.
_MOST_ROWS = 10
_DONE = ("alert_id", "severity", "state", "title", "first_seen_at", "last_seen_at", "occurrences")


class Severity(StrEnum):
    """The severities."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@app.command("list")
def list_alerts(
    state: Annotated[list[State] | None, typer.Option(help="Only these states. Default: all but resolved.")] = None,
    alert_type: Annotated[str | None, typer.Option("--type", help="Only this type, such as sla_breach_risk.")] = None,
    severity: Annotated[list[Severity] | None, typer.Option(help="Only these.")] = None,
    client: Annotated[str | None, typer.Option(help="Only this client: number, name or part of the name.")] = None,
    site: Annotated[str | None, typer.Option(help="Only this site: number, name or part of the name.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of alerts.")] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List alerts: those that can still be saved first, by priority; missed deadlines last.

    Each line shows priority, deadline (in the zone of the site), place, reasons, owner and next step.

    Example: `opsguard alerts list --client Acme --severity high --severity critical`.
    """
    states = [one.value for one in state] if state else queries.UNRESOLVED
    with opened(config) as session:
        _check_type(session, alert_type)
        found = queries.alerts(
            session.installation.database,
            states=states,
            alert_type=alert_type,
            severities=[one.value for one in severity] if severity else SEVERITIES,
            clients=_numbers_of(session, "clients", "client_id", client),
            sites=_numbers_of(session, "sites", "site_id", site),
            limit=None,
        )
        rows = described(found, names_of(session.installation.lake, found), datetime.now(UTC))
    shown = rows[:limit]
    if as_json:
        print_json([as_machine(row) for row in shown])
        return
    print_alerts(shown, session.settings.operations.timezone)
    counts = Counter(row["standing"] for row in rows)
    said = ", ".join(f"{counts[standing]:,} {words}" for standing, words in _STANDINGS.items() if counts[standing])
    typer.echo(
        f"{len(rows):,} {'alert' if len(rows) == 1 else 'alerts'} ({', '.join(states)}){': ' + said if said else ''}."
    )
    if len(rows) > limit:
        typer.echo(f"The first {limit:,} are shown; --limit shows more.")


_STANDINGS = {AHEAD: "with a deadline ahead", TIMELESS: "without a deadline", LOST: "past their deadline"}


def _check_type(session: Session, alert_type: str | None) -> None:
    """Refuses a type that no domain declares and of which there is no alert.

    Raises:
        BadParameter: When there is no such type.
    """
    if alert_type is None or alert_type in ALERT_TYPES or queries.has_type(session.installation.database, alert_type):
        return
    near = get_close_matches(alert_type, ALERT_TYPES, n=3)
    raise typer.BadParameter(f"unknown type {line(alert_type)}; known types: {', '.join(near or ALERT_TYPES)}")


def _numbers_of(session: Session, table: str, key: str, named: str | None) -> list[str] | None:
    """The identifiers that match an option: the identifier itself, equal names, or names that contain it.

    Raises:
        BadParameter: When there is none.
    """
    if named is None:
        return None
    wanted = named.casefold()
    known = session.installation.lake.known(TABLES[table]).select(key, "name").collect()
    same = pl.any_horizontal(pl.col(key, "name").str.to_lowercase() == wanted)
    has = pl.col("name").str.to_lowercase().str.contains(wanted, literal=True)
    found = known.filter(same)[key].to_list() or known.filter(has)[key].to_list()
    if not found:
        near = get_close_matches(named, [*known[key], *known["name"].drop_nulls()], n=3)
        hint = f"; did you mean {', '.join(line(one) for one in near)}?" if near else ""
        raise typer.BadParameter(f"unknown {key.removesuffix('_id')} {line(named)}{hint}")
    return found


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="Alert number.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one alert: what, where, why, priority, deadline, owner, next step, feedback, history, and attachments."""
    with opened(config) as session:
        database = session.installation.database
        alert = queries.alert(database, number)
        past = {
            "history": queries.history(database, number),
            "priorities": queries.priority_changes(database, number),
            "feedback": queries.feedback(database, number),
        }
        if alert is None:
            raise ActionError(f"There is no alert {number}; `opsguard alerts list` shows those that are open.")
        (row,) = described([alert], names_of(session.installation.lake, [alert]), datetime.now(UTC))
        with database.begin() as connection:
            attached = attachments_of(connection, number)
    if as_json:
        print_json({**as_machine(row), **past, "attachments": attached})
        return
    print_alert(row, past, session.settings)
    zone = row["site_zone"] or session.settings.operations.timezone
    print_attachments([attachment(each, zone, most=_MOST_ROWS) for each in attached], zone)


@app.command()
def explain(
    what: Annotated[
        str,
        typer.Argument(
            help="The number or key of an alert; a ticket, device, site, shift, post, vendor, order, person or client; "
            "or the beginning of one of these."
        ),
    ],
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of decisions, newest first.")] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain why there is or is not an alert: the decisions of every recent tick, in words.

    Example: `opsguard alerts explain T-17`.
    """
    with opened(config) as session:
        answer = explained(session, what, limit=limit)
    if as_json:
        print_json(answer)
        return
    zone = session.settings.operations.timezone
    typer.echo(line(answer["answer"]))
    if answer["decisions"]:
        shown = ("from", "to", "ticks", "key", "decision", "meaning", "alert_id")
        print_rows("\nDecisions", [_shown(row, shown, zone) for row in answer["decisions"]])
    if answer["recipients"]:
        who = ("decided_at", "audience", "who", "channel", "decision", "message", "reason", "rule")
        print_rows("\nWho was told", [_shown(row, who, zone) for row in answer["recipients"]])


@app.command()
def ack(
    numbers: Numbers,
    note: Annotated[str, typer.Option(help="What you are going to do.")] = "",
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Acknowledge alerts: somebody is working on them. They stay and are refreshed until their condition clears.

    Example: `opsguard alerts ack 12 14 --note "calling the customer"`.
    """
    _act(numbers, lambda database, number, at, actor: _acknowledge(database, number, at, actor, note),
         by, config, as_json=as_json)  # fmt: skip


@app.command("resolve")
def resolve_alerts(
    numbers: Numbers,
    note: Annotated[str, typer.Option(help="What was done. It is kept in the history.")],
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Resolve alerts. While the condition still holds they stay resolved, unless it gets worse.

    After the condition has cleared, its next occurrence is a new alert.

    Example: `opsguard alerts resolve 12 --note "customer accepted a new date"`.
    """
    _act(numbers, lambda database, number, at, actor: resolve(database, number, at=at, actor=actor, note=note),
         by, config, as_json=as_json)  # fmt: skip


class Verdict(StrEnum):
    """What somebody says of an alert."""

    USEFUL = "useful"
    NOISE = "noise"
    WRONG = "wrong"


@app.command()
def feedback(
    number: Annotated[int, typer.Argument(help="Alert number.")],
    verdict: Annotated[
        Verdict,
        typer.Argument(help="useful: it needed somebody; noise: true, but nobody needed it; wrong: it was not true."),
    ],
    note: Annotated[str, typer.Option(help="Why.")] = "",
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether an alert was useful; triage learns from it. The newest word of a person counts.

    Example: `opsguard alerts feedback 12 noise --note "the lift is being replaced"`.
    """
    at, actor = datetime.now(UTC), actor_of(by)
    with opened(config) as session:
        database = session.installation.database
        with database.begin() as connection:
            give_feedback(connection, [number], verdict.value, at=at, actor=actor, surface="cli", note=note or None)
        said = queries.feedback(database, number)
    if as_json:
        print_json(said)
    else:
        typer.echo(f"{line(actor)} says of alert {number}: {verdict.value}.")


@app.command()
def mute(  # noqa: PLR0913, PLR0917 - every option of the command is one
    reason: Annotated[str, typer.Option(help="Why. It is shown to those who ask why there is no alert.")],
    alert_type: Annotated[str | None, typer.Option("--type", help="Alerts of this type.")] = None,
    entity: Annotated[str | None, typer.Option(help="Alerts about this ticket, device, …")] = None,
    site: Annotated[str | None, typer.Option(help="Alerts of this site.")] = None,
    client: Annotated[str | None, typer.Option(help="Alerts of this client.")] = None,
    begins: Annotated[str | None, typer.Option("--from", help="Start. Default: now.")] = None,
    ends: Annotated[str | None, typer.Option("--until", help="End, such as 2026-03-29T22:00.")] = None,
    lasts: Annotated[
        str | None, typer.Option("--for", help="Duration instead of an end, such as 30m, 8h or 2d.")
    ] = None,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mute alerts for a limited time, such as a maintenance window. All given filters must match.

    Times without an offset are in the time zone of the site, else of the client, else of operations.timezone. The mute
    ends by itself; alerts whose condition still holds are open again at the next tick. Fire, intrusion and panic alerts
    cannot be muted.

    Example: `opsguard alerts mute --site S-4 --until 2026-03-29T22:00 --reason "lift replaced"`.
    """
    if (ends is None) == (lasts is None):
        raise typer.BadParameter("give an end: --until TIME or --for DURATION")
    covered = Muted(alert_type=alert_type, entity_id=entity, site_id=site, client_id=client)
    with opened(config) as session:
        zone = zone_of(session, covered)
        begin = instant_in(begins, "--from", zone) if begins else datetime.now(UTC).replace(microsecond=0)
        length = duration(lasts, "--for")
        end = begin + length if length else instant_in(ends or "", "--until", zone)
        number = mute_them(
            session.installation.database,
            covered,
            begins_at=begin,
            ends_at=end,
            reason=reason,
            actor=actor_of(by),
            life_safety=life_safety_kinds(session.settings.triage.life_safety),
        )
    if as_json:
        print_json({"mute_id": number, **vars(covered), "begins_at": begin, "ends_at": end, "timezone": zone})
    else:
        typer.echo(f"Mute {number}: {clock(begin, zone)} to {clock(end, zone)}, from the next tick on.")


@app.command()
def mutes(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the mutes that have not ended, with author and reason."""
    with opened(config) as session:
        rows = queries.mutes(session.installation.database, datetime.now(UTC))
    if as_json:
        print_json(rows)
    else:
        zone = session.settings.operations.timezone
        print_rows("Mutes", [_shown(row, tuple(row), zone) for row in rows])


@app.command()
def unmute(
    number: Annotated[int, typer.Argument(help="Mute number, as shown by `mutes`.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a mute now. Alerts whose condition still holds are open again at the next tick."""
    at = datetime.now(UTC)
    with opened(config) as session:
        end_mute(session.installation.database, number, at=at)
    if as_json:
        print_json({"mute_id": number, "ends_at": at})
    else:
        typer.echo(f"Mute {number} has ended. Alerts whose condition still holds are open again at the next tick.")


def _act(numbers: Sequence[int], action: Callable[..., None], by: str | None, config: Any, *, as_json: bool) -> None:
    """Applies an action to alerts one by one. Those before a failure keep the change and are shown."""
    at, actor, done = datetime.now(UTC), actor_of(by), []
    with opened(config) as session:
        database = session.installation.database
        try:
            for number in dict.fromkeys(numbers):
                action(database, number, at, actor)
                done.append(queries.alert(database, number))
        finally:
            if as_json:
                print_json([rounded(row) for row in done])
            elif done:
                print_rows("Done", [_shown(row, _DONE, session.settings.operations.timezone) for row in done if row])


def _acknowledge(database: Database, number: int, at: datetime, actor: str, note: str) -> None:
    """An alert, and its incident once no alert of it is open any more."""
    with database.begin() as connection:
        acknowledge_in(connection, number, at=at, actor=actor, note=note)
        acknowledged_alert(connection, number, at=at, actor=actor, surface="cli")


def _shown(row: dict[str, Any], names: Sequence[str], zone: str) -> dict[str, Any]:
    """A row for people: alert and mute numbers are printed as text, without thousands separators."""
    return {name: value if isinstance(value := row[name], float | None) else _text(value, zone) for name in names}


def _text(value: object, zone: str) -> str:
    return clock(value, zone) if isinstance(value, datetime) else line(str(value))
