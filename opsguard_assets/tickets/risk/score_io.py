"""One tick of SLA risk: what was known at a moment, scored.

Here: reading the stored clocks, or computing those that cannot be read at this moment. Not here: the risk itself
(`risk`) and keeping it (`assets`).
"""

from datetime import datetime
from functools import partial

import polars as pl

from ml.models.model import RiskModel
from opsguard_assets.config.sla import SlaThresholds
from opsguard_assets.derivation import pending
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.learning.features_io import features_at
from opsguard_assets.tickets.risk.risk import sla_risk
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.sla.calendars import working_time
from opsguard_assets.tickets.sla.derive_io import tickets_touched
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS
from opsguard_assets.tickets.sla.snapshot_io import CALENDARS, INPUTS, TICKETS, known
from opsguard_assets.tickets.sla.tick import READ, is_outdated
from opsguard_assets.tickets.sla.working_time import WorkingTime
from resources.lake import Lake


def risk_at(lake: Lake, model: RiskModel, as_of: datetime, *, reasons_from: float) -> pl.DataFrame:
    """The risk of every ticket open at `as_of`, by what was known then.

    The cost does not grow with history: open tickets and their stored clocks lie apart. Clocks are computed anew only
    where a record has arrived since they were stored, or an announced change has come; and all of them where `as_of`
    lies in an imported history, of which nothing was stored at the time. A model that reads features gets them by
    `learning.features_io`.

    Args:
        lake: The lake.
        model: What estimates the risk.
        as_of: The moment, UTC.
        reasons_from: The risk from which a reason is told.

    Returns:
        Rows of `sla_risk`.
    """
    still_open = lake.known(TICKETS, as_of, live_only=True)
    tickets = still_open.select("ticket_id", "assignee_id").collect()
    calendars = lake.known(CALENDARS, as_of).collect()
    clocks = _stored(lake, tickets, as_of)
    work = _work(clocks, calendars, as_of)
    outdated = clocks.select(is_outdated(work, as_of)).to_series()
    if outdated.any() or len(clocks) < len(tickets):
        fresh = clocks.filter(~outdated)
        missing = still_open.join(fresh.lazy(), on="ticket_id", how="anti").collect()
        computed = known(lake, as_of, missing).clocks().select(fresh.columns)
        clocks = _in_order(tickets, pl.concat([fresh, computed]))
        work = _work(clocks, calendars, as_of)
    describe = partial(features_at, lake, as_of)
    return sla_risk(tickets, clocks, work, model, as_of, reasons_from=reasons_from, describe=describe)


def scored(lake: Lake, model: RiskModel, run_id: str | None, as_of: datetime, sla: SlaThresholds) -> pl.DataFrame:
    """The rows of `sla_risk` of a tick, as they are stored."""
    risk = risk_at(lake, model, as_of, reasons_from=sla.reasons_from)
    return risk.with_columns(model_run_id=pl.lit(run_id, pl.String), date=pl.lit(as_of.date()))


def recorded_risk(lake: Lake, as_of: datetime) -> pl.DataFrame:
    """The rows of `sla_risk` of a tick that was computed."""
    moment = pl.lit(as_of, INSTANT)
    rows = lake.scan(SLA_RISK.derived_name).filter(pl.col("date") == as_of.date(), pl.col("as_of") == moment)
    return rows.collect()


def _stored(lake: Lake, tickets: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The stored clocks of these tickets that no later record contradicts, in the order of the tickets."""
    stored = lake.known(SLA_CLOCKS, as_of, live_only=True).select(READ)
    # In the lake of a past moment clocks may be missing that were stored only after it.
    if lake.recorded_upto is not None or any(lake.has_hindsight(table, as_of) for table in INPUTS):
        return stored.head(0).collect()
    span = pending(lake, "sla_clocks", INPUTS)
    if span is not None:
        stored = stored.join(tickets_touched(lake, span).lazy(), on="ticket_id", how="anti")
    return _in_order(tickets, stored.collect())


def _in_order(tickets: pl.DataFrame, clocks: pl.DataFrame) -> pl.DataFrame:
    """The clocks of these tickets, in their order; tables of equal order, the usual case, need no join."""
    if clocks["ticket_id"].equals(tickets["ticket_id"]):
        return clocks
    return tickets.select("ticket_id").join(clocks, on="ticket_id", how="inner", maintain_order="left")


def _work(clocks: pl.DataFrame, calendars: pl.DataFrame, as_of: datetime) -> WorkingTime:
    used = clocks.select("calendar_id", "timezone", "calendar_key").unique("calendar_key")
    return working_time(calendars, used, since=as_of, until=as_of)
