"""What a plan of escalations is made from, read from the stores as known at the moment.

Here: reading, and the suppression of escalations. Not here: the plan (`escalation.plan`).
"""

from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.alerts.suppression import suppress_holdout, suppress_outside_plan
from opsguard_assets.config.settings import Settings
from opsguard_assets.duty.desk import Desk
from opsguard_assets.entitlements.entitled import Entitlements, entitled_to_alerts
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.escalation.escalate import EscalationError, Given
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.risk.alert_types import BREACH_RISK, FEATURES
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from resources.database import Database
from resources.lake import Lake
from resources.ticks import Tick, ticks_of

_TICKET = ("ticket_id", "site_id", "group_id", "assignee_id", "priority", "status", "updated_at")


def given_at(lake: Lake, database: Database, settings: Settings, as_of: datetime) -> Given:
    """What the plan of a moment is made from: the newest tick of risk, and the desk as known then.

    Raises:
        EscalationError: When there is no tick of risk recent enough, or its rows are not those that it wrote.
    """
    tick = newest_tick(database, as_of, timedelta(minutes=settings.escalation.risk_minutes))
    risk = _risk_of(lake, tick)
    return Given(
        risk=with_withheld(risk, entitlements_at(lake, settings, as_of), settings),
        risk_as_of=tick.as_of,
        tickets=lake.known(TABLES["tickets"], as_of, live_only=True).select(_TICKET).collect(),
        desk=Desk(
            memberships=_known(lake, "memberships", as_of, "person_id", "group_id"),
            duty=_known(lake, "duty", as_of, "person_id", "starts_at", "ends_at"),
            people=_known(lake, "people", as_of, "person_id", "is_active", "reports_to"),
            groups=_known(lake, "groups", as_of, "group_id", "lead_id"),
            sites=_known(lake, "sites", as_of, "site_id", "supervisor_id"),
        ),
    )


def newest_tick(database: Database, as_of: datetime, within: timedelta) -> Tick:
    """The newest tick of SLA risk at or before a moment.

    Raises:
        EscalationError: When there is none within the time.
    """
    ticks = ticks_of(database, SCORE_JOB, begins_at=as_of - within, ends_at=as_of)
    if not ticks:
        raise EscalationError(
            f"There is no SLA risk of {as_of - within:%Y-%m-%d %H:%M} to {as_of:%H:%M} UTC, and nothing is escalated "
            f"by older ones. See why {SCORE_JOB} did not run, or compute it: "
            f"`opsguard tick sla --as-of {as_of.isoformat()}`."
        )
    return ticks[-1]


def with_withheld(risk: pl.DataFrame, held: Entitlements, settings: Settings) -> pl.DataFrame:
    """The risks from which tickets are escalated, with why some are not: their client's plan, or the hold-out.

    Escalation prevents breaches, so it belongs to the plans that hold `sla_breach_risk` alerts; and a ticket that is
    held back is held back from both.
    """
    risky = risk.filter(pl.col("risk") >= settings.sla.escalate_from)
    asked = risky.with_columns(
        entity_id="ticket_id",
        alert_type=pl.lit(BREACH_RISK),
        is_raising=pl.lit(value=True),
        withheld=pl.lit(None, pl.String),
    )
    marked = suppress_outside_plan(asked, entitled_to_alerts(asked, held, FEATURES))
    return suppress_holdout(marked, settings.sla.holdout_share, alert_types=[BREACH_RISK]).drop(
        "entity_id", "alert_type", "is_raising"
    )


def _risk_of(lake: Lake, tick: Tick) -> pl.DataFrame:
    risk = lake.rows_at(SLA_RISK, tick.as_of)
    if len(risk) != tick.row_count:
        raise EscalationError(
            f"The SLA risk of {tick.as_of:%Y-%m-%d %H:%M} UTC has {len(risk):,} rows, but its tick wrote "
            f"{tick.row_count:,}. Compute it again: `opsguard tick sla --as-of {tick.as_of.isoformat()}`."
        )
    return risk


def _known(lake: Lake, table: str, as_of: datetime, *columns: str) -> pl.DataFrame:
    return lake.known(TABLES[table], as_of).select(columns).collect()
