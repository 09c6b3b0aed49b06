"""`opsguard demo`: every main job once, with its results, for new users.

Here: the order of steps and what is shown. Not here: the steps.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import dataframely as dy
import polars as pl
import typer

from opsguard_assets.build import fed_tables, learned_problems
from opsguard_assets.cadences import tick_config
from opsguard_assets.commands import sync, tick
from opsguard_assets.commands.demo_models import train_small
from opsguard_assets.commands.demo_playbooks import rehearse
from opsguard_assets.commands.jobs import run_job
from opsguard_assets.commands.mailbox import sending_nothing, write_messages
from opsguard_assets.commands.moments import instant
from opsguard_assets.commands.outcome import Loads, newest_record, open_tickets, rates
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, console, opened, print_json, print_rows
from opsguard_assets.commands.vendor_tick import VendorTick, score_vendors, show_vendors
from opsguard_assets.config.ticket_system import RecordOnly
from opsguard_assets.devices.job_names import JUDGE_HEALTH_JOB, SCORE_DEVICES_JOB
from opsguard_assets.domains import JOBS
from opsguard_assets.model_jobs import monitoring_config
from opsguard_assets.scorecards.value_assets import last_whole_month
from opsguard_assets.shifts.job_names import JUDGE_SHIFTS_JOB
from opsguard_assets.shifts.verdicts.schemas import ShiftCompliance
from opsguard_assets.shifts.verdicts.words import counted
from opsguard_assets.tables.registry import CLIENTS
from opsguard_assets.tickets.job_names import ESCALATE_JOB, SCORE_JOB
from opsguard_assets.tickets.risk.risk import RiskSummary
from opsguard_assets.vendors.job_names import WATCH_ORDERS_JOB
from resources.environment import HOME, variables
from resources.lake import Lake
from resources.progress import Silent

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_RECENT = timedelta(days=1)
_SHOWN_MESSAGES = 15


@app.command()
def demo(
    config: ConfigOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="The moment to score. Default: now, or the busiest day of an old history.")
    ] = None,
    train: Annotated[
        bool, typer.Option("--train/--no-train", help="First train a small model per problem; takes about a minute.")
    ] = True,
    mailbox: Annotated[
        Path | None,
        typer.Option(help="Where messages are written in place of being sent. Default: mailbox in the home folder."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Load a simulated provider (or the sources of --config), train small models, and score one moment of every domain.

    With --config and without OPSGUARD_HOME, the data is stored in its own folder below .opsguard/demos.
    """
    of_its_own = (
        Path(".opsguard", "demos", config.resolve().parent.name) if config and not os.environ.get(HOME) else None
    )
    with variables({HOME: str(of_its_own)} if of_its_own else {}), opened(config) as session:
        silent = sending_nothing(session, mailbox)
        done = _walk(silent, instant(as_of, "--as-of", config), train=train)
        _say("Rehearsing playbooks …")
        done.playbooks = rehearse(silent)
        done.messages = write_messages(silent)
    if as_json:
        print_json(done.as_json())
    else:
        _show(done)
        _farewell(session, done.moment)


@dataclass
class Walk:
    """What the demo computed; None where no source brings the records."""

    loads: Loads
    failed: list[dict[str, str]]
    moment: datetime
    over_time: list[dict[str, Any]] = field(default_factory=list)
    breached: list[dict[str, Any]] = field(default_factory=list)
    tickets: RiskSummary | None = None
    devices: tick.DeviceTick | None = None
    shifts: dy.DataFrame[ShiftCompliance] | None = None
    vendors: VendorTick | None = None
    models: list[dict[str, str]] = field(default_factory=list)
    playbooks: list[dict[str, str | int]] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The results for JSON output."""
        loaded = {"loads": self.loads.summary, "rejected": self.loads.rejected, "drift": self.loads.drift}
        scored: dict[str, Any] = {"as_of": self.moment}
        if self.tickets:
            scored |= vars(self.tickets) | {"riskiest": self.tickets.riskiest.to_dicts()}
        scored |= {"devices": self.devices.as_json()} if self.devices else {}
        scored |= {"shifts": dict(counted(self.shifts))} if self.shifts is not None else {}
        history = {"open_tickets": self.over_time, "breach_rates": self.breached}
        return {
            **loaded,
            "failed_checks": self.failed,
            "models": self.models,
            **history,
            "tick": scored,
            "playbooks": self.playbooks,
            "messages": self.messages,
        }


def _walk(session: Session, asked: datetime | None, *, train: bool) -> Walk:
    """Loads, runs one tick of every domain that has sources, and the daily jobs that follow from ticks."""
    settings, lake = session.settings, session.installation.lake
    fed = fed_tables(settings)
    _say("Loading the sources …")
    loads, failed = sync.load(session)
    done = Walk(loads, failed, asked or _moment(lake))
    if train:
        _say("Training a small model of each problem …")
        done.models = train_small(session, done.moment)
    if JOBS[SCORE_DEVICES_JOB].is_fed(fed):
        _say("Scoring devices …")
        done.devices = tick.score_devices(session, done.moment)
        _run(session, JUDGE_HEALTH_JOB, tick_config(JUDGE_HEALTH_JOB, done.moment))
    if JOBS[JUDGE_SHIFTS_JOB].is_fed(fed):
        _say("Judging shifts …")
        done.shifts = tick.judge_shifts(session, done.moment)
    if JOBS[WATCH_ORDERS_JOB].is_fed(fed):
        _say("Scoring vendors and work orders …")
        done.vendors = score_vendors(session, done.moment)
    if JOBS[SCORE_JOB].is_fed(fed):
        _say("Scoring tickets …")
        done.tickets = tick.score(session, done.moment)
        done.over_time = open_tickets(lake).with_columns(pl.col("at").dt.strftime("%Y-%m-%d")).to_dicts()
        done.breached = list(rates(lake))
        # A demo must not write to a real helpdesk.
        if isinstance(settings.ticket_system, RecordOnly):
            _run(session, ESCALATE_JOB, tick_config(ESCALATE_JOB, done.moment))
    _say("Monitoring models and recorded scores …")
    for problem in learned_problems(settings):
        _run(session, problem.monitoring_job, monitoring_config(problem, done.moment))
    return done


def _run(session: Session, job: str, config: Mapping[str, Any]) -> None:
    run_job(session, job, progress=Silent(), run_config=config)


def _say(words: str) -> None:
    console.print(words, markup=False)


def _show(done: Walk) -> None:
    sync.show(done.loads, done.failed)
    if done.models:
        print_rows("\nModels: a small model where the gate promoted it, the rule elsewhere", done.models)
    if done.tickets:
        print_rows("\nOpen tickets over time", done.over_time)
        print_rows("\nEnded tickets that missed their deadline", done.breached)
        tick.show(done.moment, done.tickets)
    if done.devices:
        tick.show_devices(done.devices)
    if done.shifts is not None:
        tick.show_shifts(done.moment, done.shifts)
    if done.vendors is not None:
        show_vendors(done.vendors)
    print_rows("\nPlaybooks: what they would do about these alerts; nothing was done (shadow)", done.playbooks)
    print_rows("\nMessages that would have been sent (nothing was)", done.messages[:_SHOWN_MESSAGES])


def _moment(lake: Lake) -> datetime:
    """Now; for a history that ended long ago, the shown moment with the most open tickets."""
    now = datetime.now(UTC).replace(microsecond=0)
    newest = newest_record(lake)
    if newest is None or now - newest < _RECENT:
        return now
    busiest = open_tickets(lake).sort("open_tickets", descending=True)["at"]
    return busiest[0] if len(busiest) else now


def _farewell(session: Session, moment: datetime) -> None:
    place = session.installation.environment
    variables = "" if place.home == Path(".opsguard").resolve() else f"{HOME}={shlex.quote(str(place.home))} "
    option = f" --config {shlex.quote(str(place.config))}" if place.config else ""
    program = f"{variables}{shlex.quote(sys.argv[0])}"
    command = f"{program} up{option}" if variables or option else "make up"
    clients = (
        session.installation.lake.known(CLIENTS, moment).select("client_id").unique().collect()["client_id"].sort()
    )
    if len(clients):
        month = last_whole_month(moment, session.settings.operations.timezone)
        written = f"--client {shlex.quote(clients[0])} --month {month:%Y-%m} --out scorecards{option}"
        console.print(
            f"\nEach of {len(clients)} clients has a scorecard of {month:%B %Y}. Write one as page, PDF and Excel: "
            f"{program} scorecard preview {written}",
            markup=False,
            soft_wrap=True,
        )
    console.print(f"\nThe data is in {place.home}. Open it in Dagster: {command}", markup=False, soft_wrap=True)
