"""`opsguard tick`: runs one tick of a frequent job. Not here: the job (`opsguard_assets.tickets`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import dataframely as dy
import polars as pl
import typer

from ml.words import durations
from opsguard_assets.alerts.lifecycle import decisions_at
from opsguard_assets.cadences import tick_config, tick_partition
from opsguard_assets.commands.jobs import run_job
from opsguard_assets.commands.moments import AS_OF_HELP, instant_or_now
from opsguard_assets.commands.outcome import tick_at
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.commands.triage_tick import show_alerts, triage_alerts
from opsguard_assets.commands.vendor_tick import score_vendors, show_vendors
from opsguard_assets.devices.failure.assets import headline_of as headline_of_devices
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH, DeviceHealth
from opsguard_assets.devices.job_names import SCORE_DEVICES_JOB
from opsguard_assets.devices.telemetry.full_hour import full_hour
from opsguard_assets.domains import TICKS
from opsguard_assets.external.alert_types import MONITOR as EXTERNAL_MONITOR
from opsguard_assets.external.job_names import EXTERNAL_JOB
from opsguard_assets.shifts.job_names import JUDGE_SHIFTS_JOB
from opsguard_assets.shifts.verdicts.io import compliance_at, limits_of
from opsguard_assets.shifts.verdicts.schemas import ShiftCompliance
from opsguard_assets.shifts.verdicts.words import counted, trouble
from opsguard_assets.tickets.assets import headline_of
from opsguard_assets.tickets.escalation.io import tick_decided
from opsguard_assets.tickets.job_names import ESCALATE_JOB, SCORE_JOB
from opsguard_assets.tickets.risk.risk import Marks, RiskSummary
from resources.progress import Silent

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Kind(StrEnum):
    """The kinds of ticks, by the records of the domains."""

    # Every name in the body of an enumeration becomes a member, also that of the loop.
    _ignore_ = "each"
    for each in TICKS:
        vars()[each.upper()] = each


_HELP = "; ".join(f"{name}: {each.computes}" for name, each in TICKS.items())


@app.command()
def tick(
    kind: Annotated[Kind, typer.Argument(help=f"{_HELP}.")],
    as_of: Annotated[str | None, typer.Option(help=AS_OF_HELP)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run one tick of a frequent job, by what was known at that moment. Running it again replaces the tick.

    Example: `opsguard tick sla --as-of 2026-01-31T12:00:00+00:00`.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        computed = RUN[kind.value](session, moment)
        if as_json:
            print_json({"tick": kind.value, **computed.document})
        else:
            computed.show()


@dataclass(frozen=True)
class Computed:
    """A tick that was computed: for machines, and how it is shown to people."""

    document: dict[str, Any]
    show: Callable[[], None]


def _sla(session: Session, moment: datetime) -> Computed:
    headline = score(session, moment)
    document = {"as_of": moment, **vars(headline), "riskiest": headline.riskiest.to_dicts()}
    return Computed(document, partial(show, moment, headline))


def _escalations(session: Session, moment: datetime) -> Computed:
    decided = _escalated(session, moment)
    return Computed(decided, partial(_show_escalations, decided, moment))


def _devices(session: Session, moment: datetime) -> Computed:
    found = score_devices(session, moment)
    return Computed(found.as_json(), partial(show_devices, found, rows=10))


def _shifts(session: Session, moment: datetime) -> Computed:
    verdicts = judge_shifts(session, moment)
    document = {"as_of": moment, "verdicts": verdicts.to_dicts()}
    return Computed(document, partial(show_shifts, moment, verdicts, rows=20))


def _external(session: Session, moment: datetime) -> Computed:
    run_job(session, EXTERNAL_JOB, progress=Silent(), run_config=tick_config(EXTERNAL_JOB, moment))
    decided = decisions_at(session.installation.database, EXTERNAL_MONITOR, moment)
    counts = dict(decided.group_by("decision").agg(pl.len()).sort("len", descending=True).iter_rows())
    document = {"as_of": moment, "decisions": counts}
    rows = [{"decision": decision, "alerts": count} for decision, count in counts.items()]
    return Computed(document, partial(print_rows, f"Alerts of other systems as of {moment:%Y-%m-%d %H:%M} UTC", rows))


def _vendors(session: Session, moment: datetime) -> Computed:
    scored = score_vendors(session, moment)
    return Computed(scored.as_json(), partial(show_vendors, scored, rows=10))


def _triage(session: Session, moment: datetime) -> Computed:
    rows = triage_alerts(session, moment)
    return Computed({"as_of": moment, "alerts": rows.to_dicts()}, partial(show_alerts, moment, rows, rows=10))


# What computes each kind of tick of the records.
RUN: Mapping[str, Callable[[Session, datetime], Computed]] = {
    "sla": _sla,
    "escalations": _escalations,
    "devices": _devices,
    "shifts": _shifts,
    "vendors": _vendors,
    "triage": _triage,
    "external": _external,
}


def score(session: Session, as_of: datetime) -> RiskSummary:
    """Runs the SLA tick of a moment and reads it back."""
    run_job(session, SCORE_JOB, progress=Silent(), run_config=tick_config(SCORE_JOB, as_of))
    sla = session.settings.sla
    return tick_at(session.installation.lake, as_of, Marks(sla.alert_from, sla.escalate_from))


def _escalated(session: Session, as_of: datetime) -> dict[str, Any]:
    """Runs the escalation of a moment and reads back the decisions on its candidates."""
    run_job(session, ESCALATE_JOB, progress=Silent(), run_config=tick_config(ESCALATE_JOB, as_of))
    return tick_decided(session.installation.database, as_of)


def _show_escalations(decided: dict[str, Any], as_of: datetime) -> None:
    rows = [{"decision": decision, "tickets": count} for decision, count in decided["decisions"].items()]
    print_rows(f"As of {as_of:%Y-%m-%d %H:%M} UTC, by the SLA risk of {decided['risk_as_of']:%H:%M} UTC", rows)
    typer.echo("\nSee the results with `opsguard escalations list`.")


@dataclass(frozen=True)
class DeviceTick:
    """The results of a tick of devices, read back.

    Attributes:
        as_of: The full hour.
        within: The horizon of the risk.
        headline: The tick in one sentence.
        health: The health of all devices.
        visits: The devices most worth a visit, rows of `device_risk`.
    """

    as_of: datetime
    within: str
    headline: str
    health: dy.DataFrame[DeviceHealth]
    visits: pl.DataFrame

    def as_json(self) -> dict[str, Any]:
        """The tick for JSON output."""
        bands = dict(self.health.group_by("band").len().iter_rows())
        return {"as_of": self.as_of, "health": bands, "visits": self.visits.to_dicts()}


def score_devices(session: Session, moment: datetime) -> DeviceTick:
    """Runs the tick of devices of the full hour before a moment and reads it back."""
    failure, as_of = session.settings.device_failure, full_hour(moment)
    config, day = tick_config(SCORE_DEVICES_JOB, moment), tick_partition(SCORE_DEVICES_JOB, moment)
    run_job(session, SCORE_DEVICES_JOB, progress=Silent(), run_config=config, partition=day)
    lake = session.installation.lake
    health, risk = lake.rows_at(DEVICE_HEALTH, as_of), lake.rows_at(DEVICE_RISK, as_of)
    headline = headline_of_devices(risk, failure.judged_within, failure.alert_from).replace("**", "")
    visits = risk.filter(risk["visit_rank"].is_not_null()).sort("visit_rank")
    return DeviceTick(as_of, failure.judged_within, headline, health, visits)


def show_devices(found: DeviceTick, *, rows: int = 5) -> None:
    """Prints a tick of devices."""
    typer.echo(f"\nAs of {found.as_of:%Y-%m-%d %H:%M} UTC: {found.headline}")
    worst = found.health.sort("score", "device_id").head(rows).select("device_id", "site_id", "score", "band", "reason")
    print_rows("\nThe worst devices", worst.with_columns(worst["score"].round(1)).to_dicts())
    columns = ("visit_rank", "device_id", f"risk_{found.within}", "risk_7d", "mode", "action", "reason")
    print_rows("\nWorth a visit", found.visits.head(rows).select(columns).to_dicts())


def judge_shifts(session: Session, as_of: datetime) -> dy.DataFrame[ShiftCompliance]:
    """Runs the tick of shifts of a moment and reads its verdicts back."""
    run_job(session, JUDGE_SHIFTS_JOB, progress=Silent(), run_config=tick_config(JUDGE_SHIFTS_JOB, as_of))
    return compliance_at(session.installation.lake, as_of, limits_of(session.settings)).verdicts


def show_shifts(as_of: datetime, verdicts: dy.DataFrame[ShiftCompliance], *, rows: int = 5) -> None:
    """Prints a tick of shifts."""
    counts = ", ".join(f"{count:,} {verdict.replace('_', ' ')}" for verdict, count in counted(verdicts))
    typer.echo(f"\nAs of {as_of:%Y-%m-%d %H:%M} UTC, shifts of the last day: {counts or 'none'}")
    print_rows("\nShifts in trouble", trouble(verdicts).head(rows).to_dicts())


def show(as_of: datetime, headline: RiskSummary) -> None:
    """Prints a tick."""
    typer.echo(f"\nAs of {as_of:%Y-%m-%d %H:%M} UTC: {headline_of(headline).replace('**', '')}")
    first = headline.riskiest.head(10)
    left = durations(first["remaining_minutes"].clip(lower_bound=0)).alias("working time left")
    shown = first.with_columns(first["resolution_due_at"].dt.strftime("%Y-%m-%d %H:%M UTC"), _percent("risk"), left)
    ranked = shown.drop("site_id", "remaining_minutes", "working time left").insert_column(-2, left)
    print_rows(
        "\nThe riskiest tickets that can still be saved; of equal risks, the least time left first",
        ranked.with_row_index("rank", offset=1).to_dicts(),
    )


def _percent(column: str) -> pl.Expr:
    """Probabilities in whole percent. An open ticket is never certain, so 99.6 % is not shown as 100 %."""
    whole = (pl.col(column) * 100).round().cast(pl.Int64)
    return (
        pl.when(whole >= 100)  # noqa: PLR2004 - percent
        .then(pl.lit("> 99 %"))
        .otherwise(pl.format("{} %", whole))
        .alias(column)
    )
