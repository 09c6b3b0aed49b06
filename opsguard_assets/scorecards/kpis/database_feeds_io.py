"""What key figures read of the database: episodes of alerts, executions of playbooks, ticks, escalations.

Here: reading them as of a moment. Not here: rows made of them (`alerts`, `predictions`), tables of the lake
(`feeds_io`).
"""

from datetime import datetime, timedelta
from typing import Final

import polars as pl
from sqlalchemy import text

from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.remediation.outcomes.io import episodes_between, executions_between
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk.alert_types import BREACH_RISK
from resources.database import Database
from resources.sql import statement

# Alerts that ended in the first month may have been raised before it, and what they repeat longer ago.
BEFORE: Final = timedelta(days=60)
_TICKS = "SELECT job, as_of FROM ticks WHERE as_of >= :since AND as_of <= :as_of"
_ESCALATED = pl.Schema({"entity_id": pl.String(), "acted_at": INSTANT})


def alert_episodes(database: Database, since: datetime, as_of: datetime) -> pl.LazyFrame:
    """Episodes of alerts that were raised since some time before a moment, as they stood at another, with their cause.

    Returns:
        The columns of `remediation.outcomes.verdicts.EPISODE` but those about warnings, and `cause`: what alerts of one
        trouble share.
    """
    causes = {name: kind.cause for name, kind in ALERT_TYPES.items()}
    cause = pl.col("alert_type").replace_strict(causes, default=pl.col("alert_type"), return_dtype=pl.String)
    return episodes_between(database, since - BEFORE, as_of).with_columns(cause=cause).lazy()


def executions(database: Database, since: datetime, as_of: datetime) -> pl.LazyFrame:
    """Executions of playbooks since some time before a moment, as they stood at another (`verdicts.EXECUTION`)."""
    return executions_between(database, since - BEFORE, as_of).lazy()


def ticks(database: Database, since: datetime, as_of: datetime) -> pl.LazyFrame:
    """The computed moments of jobs: `job`, `as_of`. A fact of the house, whatever rows a tick had."""
    with database.begin() as connection:
        found = [tuple(row) for row in connection.execute(text(_TICKS), {"since": since, "as_of": as_of})]
    return pl.DataFrame(found, schema={"job": pl.String, "as_of": INSTANT}, orient="row").lazy()


def escalated(database: Database, since: datetime, as_of: datetime) -> pl.LazyFrame:
    """When tickets were escalated: `alert_type` of the warning that it answers, `entity_id`, `acted_at`."""
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "escalated"), {"since": since - BEFORE, "as_of": as_of})
        found = [tuple(row) for row in rows]
    return pl.DataFrame(found, schema=_ESCALATED, orient="row").with_columns(alert_type=pl.lit(BREACH_RISK)).lazy()


def alerts_through(database: Database, as_of: datetime) -> datetime | None:
    """Through when alerts are complete: the newest tick that was settled by a moment; None before the first."""
    asked = text("SELECT max(as_of) FROM monitor_ticks WHERE as_of <= :as_of")
    with database.begin() as connection:
        newest = connection.execute(asked, {"as_of": as_of}).scalar()
    return newest if isinstance(newest, datetime) else None
