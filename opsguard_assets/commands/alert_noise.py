"""`opsguard alerts noise`: which rules are noise, as of now. Not here: figures (`opsguard_assets.triage.learning`)."""

from typing import Annotated

import polars as pl
import typer

from opsguard_assets.commands.moments import AS_OF_HELP, instant_or_now
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.triage.learning.noise_io import noise_at


def noise(
    as_of: Annotated[str | None, typer.Option(help=AS_OF_HELP)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which rules are noise: how many of their alerts needed a person, and what hiding them would have hidden."""
    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        found = noise_at(session.installation.lake, moment, session.settings, ALERT_TYPES)
    if as_json:
        print_json({"as_of": moment, "desks": found.desks.to_dicts(), "rules": found.rules.to_dicts()})
        return
    typer.echo("\n" + "\n".join(f"{words}." for words in found.words or ["No desk had an alert"]))
    shown = found.rules.with_columns(pl.col("precision", "low", "high").round(2))
    columns = ("alert_type", "source", "client_id", "alerts", "acted_on", "precision", "low", "high", "proposal")
    print_rows("\nThe noisiest rules first", shown.select(columns).to_dicts())
