"""`opsguard shifts`: who is missing, and the evidence for verdicts. Not here: verdicts (`opsguard_assets.shifts`)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import polars as pl
import typer

from opsguard_assets.alerts.queries import newest_tick
from opsguard_assets.commands.moments import AS_OF_HELP, instant, instant_or_now
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.shifts.alerts.alert_types import MONITOR
from opsguard_assets.shifts.verdicts.evidence_io import Evidence, evidence_of
from opsguard_assets.shifts.verdicts.io import limits_of
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.shifts.verdicts.verdicts import VERDICTS
from opsguard_assets.shifts.verdicts.words import WORST_FIRST, worst_first
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.views.clocks import clock, clocks
from opsguard_assets.views.texts import line

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Show who is missing, and the evidence for a verdict.",
)
_AsOf = Annotated[str | None, typer.Option(help=AS_OF_HELP)]
_SCHEDULE = (
    "person_id", "status", "replaces_id", "expected_from_at", "expected_until_at", "post", "site_id", "timezone",
)  # fmt: skip
_PUNCHES = (
    "person_id", "site_id", "punched_in_at", "punched_out_at", "distance_m", "accuracy_m", "is_outside", "known_at",
)  # fmt: skip
_VERDICT = (
    "person_id", "verdict", "rule", "late_minutes", "early_minutes", "feed_reported_upto_at", "feed_delay_minutes",
)  # fmt: skip


@app.command("list")
def listed(
    verdict: Annotated[list[str] | None, typer.Option(help=f"Only these verdicts: {', '.join(VERDICTS)}.")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Shifts that start from this time on, such as 2026-01-31T12:00:00+00:00. Default: shifts that run or "
            "ended within a day."
        ),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Include shifts without problems.")] = False,
    limit: Annotated[int, typer.Option(help="Maximum number of shifts.", min=1)] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the latest verdicts on shifts with problems, the worst first; --all includes the others.

    Example: `opsguard shifts list --verdict no_show --verdict unattended`.
    """
    unknown = sorted(set(verdict or ()) - set(VERDICTS))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: not a verdict; the verdicts are {', '.join(VERDICTS)}")
    begins = instant(since, "--since", config, may_be_future=True)
    with opened(config) as session:
        zone, lake = session.settings.operations.timezone, session.installation.lake
        rows = lake.known(SHIFT_COMPLIANCE).filter(_asked(session, begins)).collect()
        if verdict:
            rows = rows.filter(pl.col("verdict").is_in(verdict))
        shown = rows if show_all or verdict else rows.filter(pl.col("verdict").is_in(list(WORST_FIRST)))
        named = _named(session, worst_first(SHIFT_COMPLIANCE.rows(shown)).head(limit))
    if as_json:
        print_json(named.to_dicts())
        return
    columns = ("shift_id", "site", "person", "post", "expected_from_at", "verdict", "rule", "known_at")
    print_rows("Shifts" if show_all or verdict else "Shifts in trouble", clocks(named.select(columns), zone).to_dicts())
    if len(shown) > limit:
        typer.echo(f"\n{limit:,} of {len(shown):,} are shown; --limit shows more.")
    if len(rows) > len(shown):
        fine = len(rows) - len(shown)
        typer.echo(f"\n{fine:,} more {'is' if fine == 1 else 'are'} fine; --all shows {'it' if fine == 1 else 'them'}.")


def _asked(session: Session, begins: datetime | None) -> pl.Expr:
    """The selected shifts: those from a moment on, or those of the newest tick."""
    if begins:
        return pl.col("starts_at") >= pl.lit(begins, INSTANT)
    newest = newest_tick(session.installation.database, MONITOR) or datetime.now(UTC)
    return pl.col("expected_until_at") > pl.lit(newest - timedelta(days=1), INSTANT)


def _named(session: Session, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the names of sites and people; identifiers where no name is known."""
    for table, key, name in (("sites", "site_id", "site"), ("people", "person_id", "person")):
        known = session.installation.lake.known(TABLES[table]).select(key, pl.col("name").alias(name))
        names = known.unique(key).collect()
        rows = rows.join(names, on=key, how="left", maintain_order="left").with_columns(
            pl.coalesce(name, key).alias(name)
        )
    return rows


@app.command()
def evidence(
    shift: Annotated[str, typer.Argument(help="The shift: ROSTER@YYYY-MM-DD, as `opsguard shifts list` prints it.")],
    as_of: _AsOf = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the evidence for a verdict: schedule, punches, distances, feed, rule, and all recorded verdicts.

    Example: `opsguard shifts evidence S0001gate-0@2026-03-02 --as-of 2026-03-02T09:00:00+00:00`.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        found = _found(session, shift, moment)
    if as_json:
        print_json({"shift": shift, "as_of": moment, **{name: frame.to_dicts() for name, frame in vars(found).items()}})
        return
    zone = session.settings.operations.timezone
    parts = {
        "Schedule": found.schedule.select(_SCHEDULE),
        "Schedule as it was recorded": found.planned.select("known_at", "person_id", "status", "starts_at"),
        "Punches, every version": found.punches.select(_PUNCHES),
        "Verdict": found.verdicts.select(_VERDICT),
        "Said so far": found.said.select("known_at", "person_id", "verdict", "rule"),
    }
    typer.echo(f"Shift {line(shift)} as known at {clock(moment, zone)}.")
    for title, frame in parts.items():
        print_rows(f"\n{title}", clocks(frame, zone).to_dicts())


def _found(session: Session, shift: str, moment: datetime) -> Evidence:
    try:
        return evidence_of(session.installation.lake, shift, moment, limits_of(session.settings))
    except LookupError as error:
        raise typer.BadParameter(str(error)) from None
