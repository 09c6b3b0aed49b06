"""`opsguard tick triage`: which unresolved alerts need a person, computed and shown. Not here: the job."""

from datetime import datetime

import polars as pl
import typer

from opsguard_assets.cadences import tick_config
from opsguard_assets.commands.jobs import run_job
from opsguard_assets.commands.session import Session, print_rows
from opsguard_assets.triage.job_names import TRIAGE_JOB
from opsguard_assets.triage.learning.schemas import ALERT_RISK
from resources.progress import Silent


def triage_alerts(session: Session, as_of: datetime) -> pl.DataFrame:
    """Runs the tick of alerts of a moment and reads it back: rows of `alert_risk`, the most probable first."""
    run_job(session, TRIAGE_JOB, progress=Silent(), run_config=tick_config(TRIAGE_JOB, as_of))
    rows = session.installation.lake.rows_at(ALERT_RISK, as_of)
    return rows.sort("risk", "episode_id", descending=[True, False])


def show_alerts(as_of: datetime, found: pl.DataFrame, *, rows: int = 5) -> None:
    """Prints a tick of alerts."""
    expected = float(found["risk"].sum())
    typer.echo(f"\nAs of {as_of:%Y-%m-%d %H:%M} UTC: {len(found):,} unresolved alerts, {expected:.1f} of them real.")
    columns = ("episode_id", "alert_type", "entity_id", "site_id", "risk", "reason")
    shown = found.head(rows).select(columns).with_columns(pl.col("risk").round(2))
    print_rows("\nMost probably in need of a person", shown.to_dicts())
