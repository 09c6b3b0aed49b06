"""One tick of SLA risk: what was known at a moment, scored.

Here: reading the stored clocks, or computing those that cannot be read at this moment. Not here: the risk itself
(`risk`) and keeping it (`assets`).
"""

from datetime import datetime
from functools import partial

import dataframely as dy
import polars as pl

from ml.models.model import RiskModel
from opsguard_assets.config.settings import Settings
from opsguard_assets.derivation import pending
from opsguard_assets.models.scoring import Scorer
from opsguard_assets.tables.reference import Calendars
from opsguard_assets.tables.registry import CALENDARS, TICKETS
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.learning.features_io import features_at
from opsguard_assets.tickets.learning.outcomes_io import update_recent
from opsguard_assets.tickets.risk.problem_io import sla_breach
from opsguard_assets.tickets.risk.risk import sla_risk
from opsguard_assets.tickets.sla.calendars import working_time
from opsguard_assets.tickets.sla.derive_io import tickets_touched, update_events
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS
from opsguard_assets.tickets.sla.snapshot_io import INPUTS, known
from opsguard_assets.tickets.sla.tick import BREACHED, PAUSED, READ, is_outdated
from opsguard_assets.tickets.sla.working_time import WorkingTime
from resources.lake import Lake
from resources.progress import Silent

MODEL_UNAVAILABLE = "sla_model_unavailable"


def sla_scorer(settings: Settings, *, derives_events: bool = False) -> Scorer:
    """How ticks of SLA risk are scored.

    Args:
        settings: From which risk a reason is told, and the problem.
        derives_events: Whether no source keeps the events of tickets, so that a tick derives the newest ones.
    """

    def refresh(lake: Lake, model: RiskModel) -> None:
        if derives_events:
            update_events(lake, progress=Silent())
        if model.needs_features:
            update_recent(lake, progress=Silent())

    has_deadline = (pl.col("state") == PAUSED) | pl.col("resolution_due_at").is_not_null()
    return Scorer(
        sla_breach(settings),
        job=SCORE_JOB,
        alert_type=MODEL_UNAVAILABLE,
        score=lambda lake, model, as_of: risk_at(lake, model, as_of, reasons_from=settings.sla.reasons_from),
        reads=INPUTS,
        needs_risk=(pl.col("state") != BREACHED) & has_deadline,
        refresh=refresh,
    )


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
        missing = TICKETS.typed(still_open.join(fresh.lazy(), on="ticket_id", how="anti")).collect()
        computed = known(lake, as_of, missing).clocks().select(fresh.columns)
        clocks = _in_order(tickets, pl.concat([fresh, computed]))
        work = _work(clocks, calendars, as_of)
    describe = partial(features_at, lake, as_of)
    return sla_risk(tickets, clocks, work, model, as_of, reasons_from=reasons_from, describe=describe)


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


def _work(clocks: pl.DataFrame, calendars: dy.DataFrame[Calendars], as_of: datetime) -> WorkingTime:
    used = clocks.select("calendar_id", "timezone", "calendar_key").unique("calendar_key")
    return working_time(calendars, used, since=as_of, until=as_of)
