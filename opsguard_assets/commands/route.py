"""`opsguard route test`: who would be told, when, by what rule; and what happens if nobody reacts.

Here: the command. Not here: deciding (`opsguard_assets.routing`).
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import polars as pl
import typer

from opsguard_assets.alerts import queries
from opsguard_assets.alerts.kinds import life_safety_kinds, type_of_kind
from opsguard_assets.alerts.people import ActionError
from opsguard_assets.commands.alerts import Severity
from opsguard_assets.commands.moments import instant_in
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.entitlements.entitled import entitled_to_alerts
from opsguard_assets.incidents.grouping import LIFE_SAFETY_PRIORITY, UNTRIAGED
from opsguard_assets.incidents.rules_io import context_of
from opsguard_assets.routing.foresee import foresee
from opsguard_assets.routing.frames import WORK
from opsguard_assets.routing.io import present_case, priority_of
from opsguard_assets.routing.roster_io import roster_at, rules_of
from opsguard_assets.routing.run_io import channel_kinds
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.views.clocks import clock
from opsguard_assets.views.names import with_readers
from opsguard_assets.views.texts import line

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, add_completion=False, help="Who is told of what; nothing is sent."
)
_AHEAD = timedelta(hours=4)


@app.callback()
def about() -> None:
    """Keeps `test` a command of its own."""


@app.command("test")
def try_route(  # noqa: PLR0913, PLR0917 - every option of the command is one
    alert: Annotated[int | None, typer.Argument(help="Number of an alert; or describe one by the options.")] = None,
    kind: Annotated[str | None, typer.Option(help="Type of the alert, such as device_silent.")] = None,
    severity: Annotated[Severity, typer.Option(help="Its severity.")] = Severity.HIGH,
    priority: Annotated[int | None, typer.Option(min=0, max=100, help="Its priority. Default: by severity.")] = None,
    site: Annotated[str | None, typer.Option(help="Number of the site.")] = None,
    client: Annotated[str | None, typer.Option(help="Number of the client. Default: that of the site.")] = None,
    at: Annotated[str | None, typer.Option(help="When, such as 2026-03-02T22:15. Default: now.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who would be told of an alert, and of whom it would be next within four hours if nobody reacts.

    Example: `opsguard route test --kind device_silent --severity high --site S12 --at 2026-03-02T22:15`.
    """
    with opened(config) as session:
        zone = session.settings.operations.timezone
        now = instant_in(at, "--at", zone) if at else datetime.now(UTC)
        if alert is not None:
            about = _stored(session, alert)
        elif kind is not None:
            graver = LIFE_SAFETY_PRIORITY if kind in life_safety_kinds(session.settings.triage.life_safety) else 0
            by_severity = max(UNTRIAGED[severity.value], graver)
            about = {
                "alert_type": kind, "severity": severity.value, "site_id": site, "client_id": client,
                "priority": by_severity if priority is None else priority, "entity_type": None, "entity_id": None,
            }  # fmt: skip
        else:
            raise typer.BadParameter("name an alert, or describe one with --kind")
        found = _foreseen(session, about, now)
    if as_json:
        print_json(found)
        return
    print_rows(
        f"{line(about['alert_type'])}, {about['severity']}, priority {about['priority']}, at {clock(now, zone)}",
        [_row(row, zone) for row in found],
    )
    typer.echo("Nothing was sent or recorded.")


def _stored(session: Session, number: int) -> dict[str, Any]:
    database = session.installation.database
    row = queries.alert(database, number)
    if row is None:
        raise ActionError(f"There is no alert {number}; `opsguard alerts list` shows those that are open.")
    return {**row, "priority": priority_of(database, number) or UNTRIAGED[row["severity"]]}


def _foreseen(session: Session, about: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    settings, lake = session.settings, session.installation.lake
    sites = lake.known(TABLES["sites"], now).filter(pl.col("site_id") == about["site_id"]).select("client_id")
    client = about["client_id"] or next(iter(sites.collect()["client_id"]), None)
    context = context_of(settings, ALERT_TYPES, lake, now)
    kind = about["alert_type"]
    declared = ALERT_TYPES.get(kind) or type_of_kind(kind, settings.triage.life_safety)
    asked = pl.DataFrame({"client_id": [client], "alert_type": [kind]}, schema_overrides={"client_id": pl.String})
    is_entitled = entitled_to_alerts(asked, context.entitlements, context.features).item()
    is_life_safety = kind in context.life_safety
    work = {
        "incident_id": 1, "version": 1, "routed_version": 0, "state": "open", "severity": about["severity"],
        "priority": about["priority"], "is_life_safety": is_life_safety,
        "is_in_plan": is_life_safety or is_entitled,
        "client_id": client, "site_id": about["site_id"], "cause": declared.cause, "team": declared.team, "alerts": 1,
        "chain_step": 0, "chain_base": 0, "last_seen_at": now, "alert_type": kind,
        "entity_type": about["entity_type"], "entity_id": about["entity_id"],
    }  # fmt: skip
    rules = rules_of(settings, channel_kinds(settings))
    case = present_case(session.installation.database, now)
    rows = foresee(pl.DataFrame([work], schema=WORK), case, roster_at(lake, settings, now), rules, now + _AHEAD)
    shown = ("at", "due_at", "audience", "person_id", "channel", "address", "decision", "reason", "rule", "step")
    return with_readers(lake, rows.select(shown).to_dicts())


def _row(row: dict[str, Any], zone: str) -> dict[str, Any]:
    return {
        "when": clock(row["due_at"], zone),
        "as": row["audience"],
        "who": line(row["who"]),
        "by": row["channel"],
        "to": line(row["address"] or ""),
        "decision": row["decision"],
        "reason": line(row["reason"]),
        "rule": row["rule"],
    }
