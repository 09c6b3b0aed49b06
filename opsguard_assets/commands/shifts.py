"""`opsguard shifts`: who is missing, and what a verdict rests on. Not here: verdicts (`opsguard_assets.shifts`)."""

from datetime import datetime
from typing import Annotated, Any

import polars as pl
import typer

from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.commands.tick import instant
from opsguard_assets.shifts.compliance_assets import limits_of
from opsguard_assets.shifts.evidence_store import Evidence, evidence_of
from opsguard_assets.shifts.stored import SHIFT_COMPLIANCE
from opsguard_assets.shifts.verdicts import VERDICTS
from opsguard_assets.tables.versions import INSTANT

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Who is missing, and what a verdict rests on.",
)
_AsOf = Annotated[str | None, typer.Option(help="The moment, such as 2026-01-31T12:00:00+00:00; now where left out.")]
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
    since: _AsOf = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The latest verdicts on shifts, the newest shifts first.

    Example: `opsguard shifts list --verdict no_show --verdict unattended`.
    """
    unknown = sorted(set(verdict or ()) - set(VERDICTS))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: no verdict; there are {', '.join(VERDICTS)}")
    with opened(config) as session:
        rows = session.installation.lake.known(SHIFT_COMPLIANCE)
        if verdict:
            rows = rows.filter(pl.col("verdict").is_in(verdict))
        if since:
            rows = rows.filter(pl.col("starts_at") >= pl.lit(instant(since), INSTANT))
        columns = ("shift_id", "person_id", "expected_from_at", "verdict", "rule", "known_at")
        found = rows.sort("starts_at", "shift_id", descending=[True, False]).head(limit).select(columns).collect()
    if as_json:
        print_json(found.to_dicts())
    else:
        print_rows("Shifts", _clocks(found))


@app.command()
def evidence(
    shift: Annotated[str, typer.Argument(help="The shift: ROSTER@YYYY-MM-DD, as `opsguard shifts list` prints it.")],
    as_of: _AsOf = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everything that the verdict on a shift rests on: schedule, punches, distances, feed, rule, what was said when.

    Example: `opsguard shifts evidence S0001gate-0@2026-03-02 --as-of 2026-03-02T09:00:00+00:00`.
    """
    moment = instant(as_of)
    with opened(config) as session:
        found = _found(session, shift, moment)
    if as_json:
        print_json({"shift": shift, "as_of": moment, **{name: frame.to_dicts() for name, frame in vars(found).items()}})
        return
    typer.echo(f"Shift {shift} by what was known at {moment:%Y-%m-%d %H:%M} UTC; all times are UTC.\n")
    print_rows("Schedule", _clocks(found.schedule.select(_SCHEDULE)))
    print_rows(
        "\nSchedule as it was recorded", _clocks(found.planned.select("known_at", "person_id", "status", "starts_at"))
    )
    print_rows("\nPunches, every version", _clocks(found.punches.select(_PUNCHES)))
    print_rows("\nVerdict", _clocks(found.verdicts.select(_VERDICT)))
    print_rows("\nSaid so far", _clocks(found.said.select("known_at", "person_id", "verdict", "rule")))


def _found(session: Session, shift: str, moment: datetime) -> Evidence:
    try:
        return evidence_of(session.installation.lake, shift, moment, limits_of(session.settings))
    except LookupError as error:
        raise typer.BadParameter(str(error)) from None


def _clocks(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with times that people read."""
    return frame.with_columns(
        pl.col(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%d %H:%M"), pl.col(pl.Float64).round(1)
    ).to_dicts()
