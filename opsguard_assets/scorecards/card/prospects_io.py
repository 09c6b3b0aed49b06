"""What lies ahead of clients, what greater plans would have told them, how good predictions were: of all clients once.

Here: reading. Not here: choosing and counting (`likely`, `shadow`, `kpis.predictions`), the card (`compose`).
"""

from datetime import datetime, timedelta
from typing import Final

import dataframely as dy
import polars as pl

from opsguard_assets.alerts.finding import NOT_IN_PLAN
from opsguard_assets.config.features import FEATURES
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.scorecards.card import likely as ahead
from opsguard_assets.scorecards.card.shadow import owners_of, shadow
from opsguard_assets.scorecards.kpis.feeds_io import Reading, feeds
from opsguard_assets.scorecards.kpis.months import spans
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.predictions import PREDICTIONS_CAME_TRUE, predicted
from opsguard_assets.scorecards.kpis.schemas import ClientMonths, PredictionQuality
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.tables.registry import DEVICES, PEOPLE, SITES, TICKETS, WORK_ORDERS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from resources.lake import Lake

# A tick that is older says nothing of what comes next.
_FRESH: Final = timedelta(days=1)
# What is kept back goes on from the month before: it is no new alert of this one.
_BEFORE: Final = timedelta(days=31)


def likely_at(lake: Lake, settings: Settings, as_of: datetime, top: int = ahead.TOP) -> pl.DataFrame:
    """What is likely to go wrong next at a moment, by client: rows of `likely.RISK`."""
    risks = {table.derived_name: table for table in (SLA_RISK, DEVICE_RISK, SHIFT_RISK, WORK_ORDER_RISK)}
    days = pl.col("date").is_between((as_of - _FRESH).date(), as_of.date())
    fresh = pl.col("as_of").is_between(pl.lit(as_of - _FRESH, INSTANT), pl.lit(as_of, INSTANT))
    stored = {
        name: lake.scan(name).filter(days, fresh).select(table.columns)
        for name, table in risks.items()
        if lake.exists(name)
    }
    named = {table.name: lake.known(table, as_of) for table in (TICKETS, DEVICES, PEOPLE, SITES, WORK_ORDERS)}
    return ahead.likely({**stored, **named}, settings, as_of, top)


def shadow_at(lake: Lake, past: Past, settings: Settings, months: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """What greater plans would have delivered in the months of clients: rows of `shadow.SHADOW`.

    Args:
        lake: Whose the things are.
        past: Decisions on findings.
        settings: Within which time what comes back is the same alert.
        months: Rows of `ClientMonths`, at least one.
        as_of: The moment.
    """
    since = months.select(pl.col("starts_at").min()).item() - _BEFORE
    decided = past.decisions.filter(pl.col("decision") == NOT_IN_PLAN, pl.col("last_as_of") >= pl.lit(since, INSTANT))
    held = {table.name: lake.known(table, as_of) for table in (TICKETS, DEVICES, SITES, WORK_ORDERS)}
    owners = owners_of({**held, SHIFT_CALENDAR.derived_name: lake.known(SHIFT_CALENDAR, as_of)})
    features = {name: kind.feature for name, kind in ALERT_TYPES.items()}
    plans = {str(name): feature.plan for name, feature in FEATURES.items()}
    within = timedelta(minutes=settings.alerts.reopen_within_minutes)
    return shadow(decided.lazy(), owners, months.lazy(), features, plans, within)


def predicted_at(
    lake: Lake, past: Past, settings: Settings, months: dy.DataFrame[ClientMonths], as_of: datetime
) -> dy.DataFrame[PredictionQuality]:
    """How good predictions of the months of clients were, by what is known at a moment."""
    read = feeds(Reading(lake, lambda: past, settings, as_of, *spans(months)), [PREDICTIONS_CAME_TRUE])
    return predicted(read, months.lazy())
