"""`opsguard vendors`: scores and pages of vendors. Not here: scores (`opsguard_assets.vendors`), pages themselves."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from opsguard_assets.commands.moments import AS_OF_HELP, instant_or_now
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows
from opsguard_assets.vendors.scores.io import scored_at
from opsguard_assets.views.clocks import clock

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Show the scores of vendors, and what changed them.",
)
_AsOf = Annotated[str | None, typer.Option(help=AS_OF_HELP)]
_COLUMNS = ("trade", "rank", "name", "grade", "score", "jobs", "in_time", "change")


@app.command("list")
def listed(
    trade: Annotated[str | None, typer.Option(help="Only this trade.")] = None,
    as_of: _AsOf = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the scores of the last 90 days by trade, best first, with the main changes of the last month.

    Example: `opsguard vendors list --trade elevators`.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        scored = scored_at(session.installation.lake, moment, session.settings)
    moved = scored.ranking.select("vendor_id", "change", "drivers")
    rows = scored.scores.join(moved, on="vendor_id", how="left", maintain_order="left").with_columns(in_time="sla_raw")
    if trade is not None:
        rows = rows.filter(pl.col("trade") == trade)
    if as_json:
        print_json(rows.to_dicts())
    else:
        zone = session.settings.operations.timezone
        print_rows(f"Vendors as known at {clock(moment, zone)}", rows.select(_COLUMNS).to_dicts())


@app.command()
def report(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the pages; created if missing. Default: below OPSGUARD_HOME."),
    ] = None,
    as_of: _AsOf = None,
    config: ConfigOption = None,
) -> None:
    """Write one HTML page per vendor (parts, months, late jobs, rework) and one ranking, ready to print.

    Example: `opsguard vendors report`, then open the page it names.
    """
    from opsguard_assets.vendors.scores.pages import pages_of  # noqa: PLC0415 - only who writes pages needs it

    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        scored = scored_at(session.installation.lake, moment, session.settings)
        home = session.installation.environment.home
        folder = out.expanduser().resolve() if out else home / "reports" / "vendors"
        written = pages_of(scored, moment, session.settings)
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in written.items():
            (folder / name).write_text(page, encoding="utf-8")
    typer.echo(f"{len(written):,} pages are written to {folder}; start with {folder / next(iter(written))}")
