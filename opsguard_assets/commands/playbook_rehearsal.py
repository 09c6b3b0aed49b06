"""`opsguard playbook test` and `plan`: what a playbook would do now, or would have done; nothing is done.

Here: reading what they need, and the commands. Not here: the simulation of the past (`playbook.rehearsal`), and what
each action plans (`remediation.actions`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import polars as pl
import typer

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.commands.actor import actor_of
from opsguard_assets.commands.moments import instant_in
from opsguard_assets.commands.playbooks_in_use import named
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.domains import ALERT_TYPES, alert_type
from opsguard_assets.incidents.matching import matches
from opsguard_assets.incidents.rules_io import context_of
from opsguard_assets.remediation.actions.action import Plan, Situation, World
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.engine.entitled_io import not_entitled
from opsguard_assets.remediation.outcomes.io import described
from opsguard_assets.remediation.playbook.gates import gate_of
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.rehearsal import PAST, Rehearsal, rehearse
from opsguard_assets.remediation.playbook.steps import Step
from opsguard_assets.views.clocks import clock
from opsguard_assets.views.mentioned import change_words, known_of, named_change, people_in_plans
from opsguard_assets.views.names import names_of
from opsguard_assets.views.reading import alerts_of, incident_of
from opsguard_assets.views.texts import line
from opsguard_assets.views.texts import named as named_in
from resources.sql import statement

Name = Annotated[str, typer.Argument(help="Name of the playbook, as shown by `list`.")]
AlertOption = Annotated[int, typer.Option("--alert", help="Number of the alert.")]
_PERIOD = timedelta(days=30)
_SHOWN = 20


def rehearsal(
    name: Name,
    alert: Annotated[int | None, typer.Option(help="Number of an alert: what would be done about it now.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Begin of a period. Default: 30 days before.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="End of the period. Default: now.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a playbook would do about an alert now, or would have done about all alerts of a period.

    Example: `opsguard playbook test device-offline --from 2026-03-01 --to 2026-04-01`.
    """
    if alert is not None and (since or until):
        raise typer.BadParameter("name an alert, or a period with --from and --to")
    with opened(config) as session:
        playbook = named(session, name)
        zone, now = session.settings.operations.timezone, datetime.now(UTC)
        if alert is not None:
            _tell(_rehearsed(session, playbook, alert, now), as_json=as_json)
            return
        end = instant_in(until, "--to", zone) if until else now
        begin = instant_in(since, "--from", zone) if since else end - _PERIOD
        if begin >= end:
            raise typer.BadParameter("--from has to lie before --to")
        found = rehearse(playbook, _past(session, begin, end, now))
    if as_json:
        print_json({"playbook": name, "from": begin, "to": end, **found.counts, "runs": found.runs.to_dicts()})
        return
    typer.echo(f"{name}, {clock(begin, zone)} to {clock(end, zone)}: {found.words}.")
    for words in _also(found):
        typer.echo(f"  {words}")
    rows = found.runs.tail(_SHOWN).sort("at", descending=True)
    print_rows(f"\nThe newest {len(rows)} of {len(found.runs)} alerts", [_run(row, zone) for row in rows.to_dicts()])
    typer.echo("Nothing was sent or recorded.")


def plan(name: Name, alert: AlertOption, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what a playbook would change now, as a difference: what is so now, and what it would be.

    Example: `opsguard playbook plan unassigned-critical-ticket --alert 17`.
    """
    with opened(config) as session:
        found = _rehearsed(session, named(session, name), alert, datetime.now(UTC))
    changes = [{"step": each["step"], **change} for each in found.steps for change in each["changes"]]
    if as_json:
        print_json(
            {
                "playbook": name, "alert_id": alert, "changes": changes, "digest": found.digest,
                "people": found.people,
            }
        )  # fmt: skip
        return
    print_rows(f"{name} would change about alert {alert}", [_change(row, found.people) for row in changes])
    typer.echo("Nothing was sent or recorded.")


@dataclass(frozen=True)
class _Rehearsed:
    """What a playbook would do about an alert now: whether it would start, and each step."""

    playbook: str
    digest: str
    alert: Mapping[str, Any]
    start: str
    steps: list[dict[str, Any]]
    people: Mapping[str, str]


def _rehearsed(session: Session, playbook: Playbook, alert_id: int, now: datetime) -> _Rehearsed:
    installation = session.installation
    with installation.database.begin() as connection:
        rows = alerts_of(connection, [alert_id])
        if not rows:
            raise ActionError(f"There is no alert {alert_id}; `opsguard alerts list` shows those that are open.")
        alert = {**rows[0], "incident_id": incident_of(connection, alert_id)}
    world = World(installation.database, installation.lake, session.settings)
    steps = [_planned(world, playbook, *each, alert, now) for each in _asked(playbook)]
    said = people_in_plans(steps)
    people = known_of(said, names_of(installation.lake, [], people=said))
    return _Rehearsed(playbook.playbook, playbook.digest, alert, _start(session, playbook, alert, now), steps, people)


def _asked(playbook: Playbook) -> Iterator[tuple[str, int, Step, str]]:
    """Every step with its phase, its number from 1 on, and who is asked before it."""
    asked = set()
    for phase in ("steps", "on_failure"):
        steps: tuple[Step, ...] = getattr(playbook, phase)
        for number, step in enumerate(steps):
            gate = gate_of(playbook, playbook.max_autonomy, (phase, number))
            who = "" if gate is None or gate.place in asked else gate.terms.required
            asked |= set() if gate is None else {gate.place}
            yield phase, number + 1, step, who


def _planned(
    world: World, playbook: Playbook, phase: str, number: int, step: Step, asked: str, alert: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    team = playbook.team or alert_type(alert["alert_type"], world.settings.triage.life_safety).team
    about = Situation(
        execution_id=0, playbook=playbook.playbook, phase=phase, number=number - 1,
        key=f"rehearsal/{playbook.playbook}/{alert['alert_id']}/{phase}/{number}", alert=alert, team=team,
        requested_by=actor_of(None), now=now,
    )  # fmt: skip
    action = CATALOG.get(step.do)
    planned = Plan(words=f"{step.do} cannot be planned", is_possible=False)
    if action is not None:
        planned = action.plan(world, step, about)
    return {
        "phase": phase, "step": number, "name": step.name or "", "action": step.do, "approval": asked,
        "is_possible": planned.is_possible, "words": planned.words, "messages": planned.messages,
        "changes": [asdict(change) for change in planned.changes],
    }  # fmt: skip


def _start(session: Session, playbook: Playbook, alert: Mapping[str, Any], now: datetime) -> str:
    """Whether an alert like this would start it, in words."""
    row = _described(session, pl.DataFrame([{**_bare(alert), "at": now}], schema_overrides=PAST), now)
    if not row.select(matches(playbook.trigger.when)).item():
        return "its trigger is not about this alert; a person can start it"
    why = not_entitled(session.installation.lake, session.settings, playbook, alert["client_id"], now)
    return "its trigger is about this alert" if why is None else f"only in shadow: {why}"


def _bare(alert: Mapping[str, Any]) -> dict[str, Any]:
    names = ("alert_id", "alert_type", "client_id", "site_id", "entity_type", "entity_id", "severity", "priority")
    return {**{name: alert[name] for name in names}, "opening": alert["openings"]}


def _tell(found: _Rehearsed, *, as_json: bool) -> None:
    # What follows a failure is shown; whether it comes to that nobody knows.
    usual = [step for step in found.steps if step["phase"] == "steps"]
    messages = sum(step["messages"] for step in usual)
    approvals = sum(bool(step["approval"]) for step in usual)
    if as_json:
        print_json(
            {
                "playbook": found.playbook, "digest": found.digest, "alert_id": found.alert["alert_id"],
                "start": found.start, "messages": messages, "approvals": approvals, "steps": found.steps,
                "people": found.people,
            }
        )  # fmt: skip
        return
    typer.echo(f"{found.playbook} about alert {found.alert['alert_id']}, {line(found.alert['title'])}: {found.start}.")
    for phase, title in (("steps", "\nSteps"), ("on_failure", "\nWhere a step failed")):
        steps = [_step(step, found.people) for step in found.steps if step["phase"] == phase]
        if steps:
            print_rows(title, steps)
    typer.echo(f"Now: {messages} messages, {approvals} approvals. Nothing was sent or recorded.")


def _change(change: Mapping[str, Any], people: Mapping[str, str]) -> dict[str, Any]:
    shown = named_change(change, people)
    return {**shown, "what": line(shown["what"]), **{name: line(shown[name] or "") for name in ("before", "after")}}


def _step(step: Mapping[str, Any], people: Mapping[str, str]) -> dict[str, Any]:
    words = line(named_in(step["words"], people))
    return {
        "step": step["step"],
        "action": step["action"],
        "asks": step["approval"],
        "would": words if step["is_possible"] else f"not now: {words}",
        "changes": line("; ".join(change_words(each, people) for each in step["changes"])),
        "messages": step["messages"],
    }


def _past(session: Session, since: datetime, until: datetime, now: datetime) -> pl.DataFrame:
    """Rows of `PAST` of a period; what is known of types and clients is what is known now."""
    with session.installation.database.begin() as connection:
        found = connection.execute(statement(__name__, "past_alerts"), {"since": since, "until": until}).mappings()
        rows = [dict(row) for row in found]
    return _described(session, pl.DataFrame(rows, schema={name: PAST[name] for name in rows[0]} if rows else PAST), now)


def _described(session: Session, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Alerts as rows of `PAST`; what is absent is null."""
    whole = described(rows, context_of(session.settings, ALERT_TYPES, session.installation.lake, now))
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in PAST.items() if name not in whole.columns]
    return whole.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in PAST.items())


def _also(found: Rehearsal) -> Iterator[str]:
    counts = found.counts
    yield f"{counts['succeeded']:,} succeeded, {counts['partial']:,} in part, {counts['failed']:,} failed"
    if counts["cool_down"]:
        yield f"{counts['cool_down']:,} further alerts fell into a cool-down"
    if counts["expired"]:
        yield f"{counts['expired']:,} waited too long for a free place and expired"


def _run(row: Mapping[str, Any], zone: str) -> dict[str, Any]:
    return {
        "at": clock(row["at"], zone),
        "alert": row["alert_id"],
        "entity": line(row["entity_id"]),
        "site": line(row["site_id"] or ""),
        "decision": row["decision"],
        "begins": clock(row["begins_at"], zone) if row["begins_at"] else "",
        "ends": clock(row["ends_at"], zone) if row["ends_at"] else "",
        "end": row["end"] or "",
        "messages": row["messages"],
        "approvals": row["approvals"],
    }
