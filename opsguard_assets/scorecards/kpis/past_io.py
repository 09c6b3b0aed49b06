"""What happened to alerts, findings and playbooks up to a moment: read of the database, and kept in the lake.

Here: reading it as of a moment, keeping it for a snapshot, reading that again. Not here: rows made of it (`alerts`,
`predictions`, `value`), tables of the lake (`feeds_io`).

The database is no archive: a tick that is withdrawn, an alert that is seen once more, a step whose doubt is settled and
decisions that are deleted after a while change what it says of a month that is over. So a snapshot keeps what was read
in a derived table, whose version it pins as of all others; who proves a signed month reads that.
"""

import io
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Self

import polars as pl
from sqlalchemy import TextClause, text

from opsguard_assets.alerts.finding import NOT_IN_PLAN
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.remediation.outcomes.io import episodes_between, executions_between
from opsguard_assets.scorecards.kpis.schemas import PAST
from opsguard_assets.tables.months import month_after
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk.alert_types import BREACH_RISK
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

# Alerts that ended in the first month may have been raised before it, and what they repeat longer ago.
BEFORE: Final = timedelta(days=60)
# A deadline lies in the window of value some time after its alert; zones begin a month at other instants.
_EARLIER: Final = BEFORE + timedelta(days=4)
# So many months before that of the moment are computed; value is that of twelve.
_COMPUTED, _WINDOW = 14, 12
_TICKS: Final = "SELECT job, as_of FROM ticks WHERE as_of >= :since AND as_of <= :as_of"
_THROUGH: Final = "SELECT max(as_of) AS through_at FROM monitor_ticks WHERE as_of <= :as_of"
_SCHEMAS: Final = {
    "ticks": pl.Schema({"job": pl.String(), "as_of": INSTANT}),
    "through": pl.Schema({"through_at": INSTANT}),
    "escalations": pl.Schema({"entity_id": pl.String(), "acted_at": INSTANT, "as_of": INSTANT}),
    "decisions": pl.Schema(
        {"dedup_key": pl.String(), "decision": pl.String(), "first_as_of": INSTANT, "last_as_of": INSTANT}
    ),
    "filled": pl.Schema({"client_id": pl.String(), "answered_at": INSTANT}),
}


@dataclass(frozen=True)
class Past:
    """What happened up to a moment.

    Attributes:
        episodes: Episodes of alerts: the columns of `remediation.outcomes.verdicts.EPISODE` but those about warnings.
        executions: Executions of playbooks (`verdicts.EXECUTION`).
        ticks: The computed moments of jobs: `job`, `as_of`. A fact of the house, whatever rows a tick had.
        through: One row: `through_at`, the newest tick of a monitor; null before the first.
        escalations: `entity_id` (ticket), `acted_at`, `as_of`.
        decisions: Decisions on `sla_breach_risk`, and those that a plan kept back.
        filled: Posts that a proposed substitute filled: `client_id`, `answered_at`.
    """

    episodes: pl.DataFrame
    executions: pl.DataFrame
    ticks: pl.DataFrame
    through: pl.DataFrame
    escalations: pl.DataFrame
    decisions: pl.DataFrame
    filled: pl.DataFrame

    @classmethod
    def read(cls, database: Database, as_of: datetime, month: date | None = None) -> Self:
        """What the database knows of all that cards of a month need.

        Args:
            database: Alerts, decisions, playbooks.
            as_of: The moment (UTC).
            month: The month of the cards; None: one of those that are computed.
        """
        running = as_of.date().replace(day=1)
        first = min(month_after(running, -_COMPUTED), month_after(month or running, -_WINDOW))
        since = datetime.combine(first, time.min, UTC) - _EARLIER
        values: dict[str, Any] = {"since": since, "as_of": as_of}
        decided = {**values, "kept": NOT_IN_PLAN, "alert_type": BREACH_RISK}
        asked: dict[str, tuple[TextClause, dict[str, Any]]] = {
            "ticks": (text(_TICKS), values),
            "through": (text(_THROUGH), {"as_of": as_of}),
            "escalations": (statement(__name__, "escalated"), values),
            "decisions": (statement(__name__, "decisions"), decided),
            "filled": (statement(__name__, "filled"), values),
        }
        with database.begin() as connection:
            rows = {name: connection.execute(query, given).all() for name, (query, given) in asked.items()}
        found = {
            name: pl.DataFrame([tuple(row) for row in each], schema=_SCHEMAS[name], orient="row")
            for name, each in rows.items()
        }
        episodes, executions = (each(database, since, as_of) for each in (episodes_between, executions_between))
        return cls(episodes=episodes, executions=executions, **found)

    def keep(self, lake: Lake) -> None:
        """Writes it into the lake, for the snapshot that is taken next."""
        parts = [(each.name, _as_bytes(getattr(self, each.name))) for each in fields(self)]
        lake.replace(PAST.derived_name, pl.DataFrame(parts, schema=PAST.dtypes, orient="row"))

    @classmethod
    def kept(cls, lake: Lake) -> Self | None:
        """What a view of the lake keeps; None in one of before anything was kept."""
        if not lake.exists(PAST.derived_name):
            return None
        return cls(
            **{
                part: pl.read_ipc(io.BytesIO(rows))
                for part, rows in lake.scan(PAST.derived_name).select(PAST.columns).collect().iter_rows()
            }
        )

    def alert_episodes(self, since: datetime) -> pl.LazyFrame:
        """Episodes that were raised since some time before a moment, with `cause`: what alerts of one trouble share."""
        causes = {name: kind.cause for name, kind in ALERT_TYPES.items()}
        cause = pl.col("alert_type").replace_strict(causes, default=pl.col("alert_type"), return_dtype=pl.String)
        raised = self.episodes.filter(pl.col("raised_at") >= pl.lit(since - BEFORE, INSTANT))
        return raised.with_columns(cause=cause).lazy()

    def executions_since(self, since: datetime) -> pl.LazyFrame:
        """Executions that were triggered since some time before a moment."""
        return self.executions.filter(pl.col("triggered_at") >= pl.lit(since - BEFORE, INSTANT)).lazy()

    def ticks_since(self, since: datetime) -> pl.LazyFrame:
        """Ticks since a moment."""
        return self.ticks.filter(pl.col("as_of") >= pl.lit(since, INSTANT)).lazy()

    def escalated(self, since: datetime) -> pl.LazyFrame:
        """When tickets were escalated: `alert_type` of the warning that it answers, `entity_id`, `acted_at`."""
        rows = self.escalations.filter(pl.col("as_of") >= pl.lit(since - BEFORE, INSTANT))
        return rows.select("entity_id", "acted_at", alert_type=pl.lit(BREACH_RISK)).lazy()

    def alerts_through(self) -> datetime | None:
        """Through when alerts are complete; None before the first tick."""
        newest = self.through["through_at"].max()
        return newest if isinstance(newest, datetime) else None


def _as_bytes(rows: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    rows.write_ipc(written, compression="zstd")
    return written.getvalue()
