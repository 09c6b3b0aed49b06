"""`opsguard demo`: the main job once, and what came of it, for somebody who has never seen OpsGuard.

Here: the order of steps and what is shown. Not here: any step.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from opsguard_assets.build import fed, is_judged
from opsguard_assets.commands import sync, tick
from opsguard_assets.commands.outcome import newest_record, open_tickets, rates
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, console, opened, print_json, print_rows
from opsguard_assets.commands.vendor_tick import score_vendors, show_vendors
from opsguard_assets.shifts.words import counted
from resources.environment import HOME
from resources.lake import Lake

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_RECENT = timedelta(days=1)


@app.command()
def demo(
    config: ConfigOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="The moment to score; now, or the busiest day of an old history.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Load a simulated provider, or the sources of --config, and compute one moment of all that is fed.

    With --config and without OPSGUARD_HOME its data lie in a folder of their own below .opsguard/demos.
    """
    if config and not os.environ.get(HOME):
        os.environ[HOME] = str(Path(".opsguard") / "demos" / config.resolve().parent.name)
    with opened(config) as session:
        loads, failed = sync.load(session)
        lake = session.installation.lake
        moment = tick.instant(as_of) if as_of else _moment(lake)
        devices = tick.score_devices(session, moment) if fed(session.settings, "telemetry") else None
        shifts = tick.judge_shifts(session, moment) if is_judged(session.settings) else None
        vendors = score_vendors(session, moment) if fed(session.settings, "work_orders") else None
        headline = tick.score(session, moment)
        over_time = open_tickets(lake).with_columns(pl.col("at").dt.strftime("%Y-%m-%d")).to_dicts()
        breached = list(rates(lake))
    if as_json:
        loaded = {"loads": loads.summary, "rejected": loads.rejected, "drift": loads.drift, "failed_checks": failed}
        scored = {"as_of": moment, **vars(headline), "riskiest": headline.riskiest.to_dicts()}
        scored |= {"devices": devices.told()} if devices else {}
        scored |= {"shifts": dict(counted(shifts))} if shifts is not None else {}
        print_json({**loaded, "open_tickets": over_time, "breach_rates": breached, "tick": scored})
        return
    sync.show(loads, failed)
    print_rows("\nOpen tickets over time", over_time)
    print_rows("\nEnded tickets that missed their deadline", breached)
    tick.show(moment, headline)
    if devices:
        tick.show_devices(devices)
    if shifts is not None:
        tick.show_shifts(moment, shifts)
    if vendors is not None:
        show_vendors(vendors)
    _farewell(session)


def _moment(lake: Lake) -> datetime:
    """Now; of a history that ended long ago, the moment shown with the most open tickets."""
    now = datetime.now(UTC).replace(microsecond=0)
    newest = newest_record(lake)
    if newest is None or now - newest < _RECENT:
        return now
    busiest = open_tickets(lake).sort("open_tickets", descending=True)["at"]
    return busiest[0] if len(busiest) else now


def _farewell(session: Session) -> None:
    place = session.installation.environment
    variables = "" if place.home == Path(".opsguard").resolve() else f"{HOME}={place.home} "
    option = f" --config {place.config}" if place.config else ""
    command = f"{variables}{sys.argv[0]} up{option}" if variables or option else "make up"
    console.print(f"\nThe data lie in {place.home}. Look at them in Dagster: {command}", markup=False)
