"""Key figures of the helpdesk: deadlines kept, first answers in time, tone, tickets that come again.

Here: definitions and their rows. Not here: deadlines (`tickets.sla`), which are read as they are kept.
"""

from datetime import timedelta
from decimal import Decimal

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.kpi import Band, Feeds, Kpi
from opsguard_assets.scorecards.kpis.months import in_month, with_through

_CLOCKS = "tickets/sla_clocks"
_FEW_TONES = 10
_REPEATS_WITHIN = timedelta(days=30)
_CANCELLED, _PAUSED, _NOT_DUE, _NO_TONE = "cancelled", "paused", "not_due", "no_tone"
_TOO_RECENT = "too_recent"
_DONE = ("resolved", "closed")


def _deadlines(feeds: Feeds, months: pl.LazyFrame, due: str, done: str) -> pl.LazyFrame:
    """Tickets by a deadline. One that is paused has none: it is shown, not counted, in each month that it is paused."""
    own = ("ticket_id", "client_id", "site_id")
    read = {"ticket_id", "status", "ended_at", "paused_since_at", due, done}
    kept = feeds[_CLOCKS].select(sorted(read))
    tickets = with_through(feeds["tickets"].select(own).join(kept, on="ticket_id"), feeds, "tickets")
    is_off = (pl.col("status") == _CANCELLED) & pl.col("ended_at").is_not_null()
    called_off = is_off if done == "ended_at" else is_off & pl.col(done).is_null()
    dated = in_month(tickets.filter(pl.col(due).is_not_null()), months, due).with_columns(
        excluded=pl.when(called_off)
        .then(pl.lit(_CANCELLED))
        .when(~(pl.col(due) <= pl.col("through_at")).fill_null(value=False))
        .then(pl.lit(_NOT_DUE)),
    )
    waiting = tickets.filter(pl.col(due).is_null(), pl.col("paused_since_at").is_not_null(), pl.col(done).is_null())
    paused = (
        waiting.join(months, on="client_id")
        .filter(pl.col("paused_since_at") < pl.col("ends_at"), pl.col("starts_at") <= pl.col("through_at"))
        .with_columns(at=pl.max_horizontal("paused_since_at", "starts_at"), excluded=pl.lit(_PAUSED))
    )
    columns = (*own, "month", "at", "excluded", due, done)
    both = pl.concat([dated.select(columns), paused.select(columns)])
    counts = pl.col("excluded").is_null()
    in_time = (pl.col(done) <= pl.col(due)).fill_null(value=False)
    return _rows(both, numerator=counts & in_time, denominator=counts)


def _sla_rows(feeds: Feeds, months: pl.LazyFrame, _: Settings) -> pl.LazyFrame:
    return _deadlines(feeds, months, "resolution_due_at", "ended_at")


def _response_rows(feeds: Feeds, months: pl.LazyFrame, _: Settings) -> pl.LazyFrame:
    return _deadlines(feeds, months, "response_due_at", "response_at")


def _tone_rows(feeds: Feeds, months: pl.LazyFrame, _: Settings) -> pl.LazyFrame:
    has_tone = pl.col("sentiment").is_not_null()
    found = in_month(feeds["tickets"], months, "opened_at").with_columns(
        excluded=pl.when(~has_tone).then(pl.lit(_NO_TONE))
    )
    return _rows(found, numerator=pl.col("sentiment").fill_null(0), denominator=has_tone, measure=pl.col("sentiment"))


def _repeat_rows(feeds: Feeds, months: pl.LazyFrame, _: Settings) -> pl.LazyFrame:
    """Tickets by their first solution. Another ticket of the same place and kind says nothing: busy sites have many."""
    changes = feeds["ticket_events"].filter(pl.col("field") == "status")
    is_done, was_done = (pl.col(name).is_in(_DONE).fill_null(value=False) for name in ("new", "old"))
    solved = changes.filter(is_done, ~was_done).group_by("ticket_id").agg(solved_at=pl.col("at").min())
    again = changes.filter(was_done, ~is_done, pl.col("new") != _CANCELLED).select("ticket_id", again_at="at")
    last = pl.col("solved_at") + _REPEATS_WITHIN
    soon = solved.join(again, on="ticket_id").filter(pl.col("again_at").is_between("solved_at", last))
    own = feeds["tickets"].select("ticket_id", "client_id", "site_id").join(solved, on="ticket_id")
    known = in_month(with_through(own, feeds, "tickets"), months, "solved_at")
    judged = known.join(
        soon.select("ticket_id", came_again=pl.lit(value=True)).unique(), on="ticket_id", how="left"
    ).with_columns(excluded=pl.when(~(last <= pl.col("through_at")).fill_null(value=False)).then(pl.lit(_TOO_RECENT)))
    counts = pl.col("excluded").is_null()
    return _rows(judged, numerator=counts & pl.col("came_again").is_not_null(), denominator=counts)


def _rows(
    found: pl.LazyFrame, *, numerator: pl.Expr, denominator: pl.Expr, measure: pl.Expr | None = None
) -> pl.LazyFrame:
    return found.select(
        "month",
        "client_id",
        "site_id",
        entity_type=pl.lit("ticket"),
        entity_id="ticket_id",
        at="at",
        numerator=numerator.cast(pl.Float64),
        denominator=denominator.cast(pl.Float64),
        measure=pl.lit(None, pl.Float64) if measure is None else measure,
        excluded="excluded",
    )


SLA_PERFORMANCE = Kpi(
    name="sla_performance",
    label="Tickets solved in time",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=Band(good=Decimal(95), warning=Decimal(85)),
    section="operations",
    formula="100 * tickets that ended at or before their deadline / tickets with a deadline in the month",
    population="Tickets whose deadline for the solution lies in the month, solved or not.",
    membership="The deadline, in working time with pauses, as it was known; not the closing. A pause moves the "
    "deadline, and so perhaps the month.",
    exclusions="Cancelled tickets; tickets that are paused, which have no deadline now; deadlines that data do not "
    "reach yet.",
    no_data="No deadline in the month.",
    source="ITIL service level management: what is late and open counts where it was due. Bands: contract of the "
    "provider, 95 and 85 %.",
    feeds=("tickets", _CLOCKS),
    watermarks=("tickets",),
    rows=_sla_rows,
)
FIRST_RESPONSE = Kpi(
    name="first_response_sla",
    label="First answers in time",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=Band(good=Decimal(95), warning=Decimal(85)),
    section="operations",
    formula="100 * tickets answered at or before the deadline of the first answer / tickets with such a deadline in "
    "the month",
    population="Tickets whose deadline for the first answer lies in the month, answered or not. A solution is an "
    "answer.",
    membership="The deadline of the first answer, in working time with pauses, as it was known.",
    exclusions="Tickets that were cancelled before an answer; unanswered tickets that are paused; deadlines that data "
    "do not reach yet.",
    no_data="No such deadline in the month.",
    source="ITIL service level management; bands as for solutions.",
    feeds=("tickets", _CLOCKS),
    watermarks=("tickets",),
    rows=_response_rows,
)
SENTIMENT = Kpi(
    name="helpdesk_sentiment",
    label="Tone of requesters",
    unit="tone",
    aggregate="mean",
    is_better="higher",
    band=Band(good=Decimal("0.2"), warning=Decimal(0)),
    section="quality",
    formula="mean tone of the tickets with a tone, from -1 (angry) to 1 (pleased)",
    population="Tickets that were opened in the month and whose tone is known.",
    membership="The opening.",
    exclusions="Tickets whose tone is not known; how many these are is shown.",
    no_data="Fewer than 10 tickets with a tone.",
    source="Tone as the source gives it. Bands: 0.2 and 0, our choice.",
    feeds=("tickets",),
    watermarks=("tickets",),
    least=_FEW_TONES,
    rows=_tone_rows,
)
REPEAT_TICKETS = Kpi(
    name="repeat_tickets",
    label="Tickets opened again",
    unit="percent",
    aggregate="share",
    is_better="lower",
    band=None,
    section="quality",
    formula="100 * tickets that were opened again within 30 days after their first solution / tickets solved",
    population="Tickets that were resolved or closed for the first time in the month.",
    membership="The first solution; the figure is complete a month later.",
    exclusions="Tickets that were solved less than 30 days ago; tickets that were cancelled and never solved. A new "
    "ticket of the same place and kind is none that came again: busy sites have many of a kind.",
    no_data="No ticket was solved in the month, or the source tells no changes of status.",
    source="Reopened tickets, as service desks count them. No bands: our choice.",
    feeds=("tickets", "ticket_events"),
    watermarks=("tickets",),
    months_late=1,
    rows=_repeat_rows,
)
TICKET_KPIS = (SLA_PERFORMANCE, FIRST_RESPONSE, SENTIMENT, REPEAT_TICKETS)
