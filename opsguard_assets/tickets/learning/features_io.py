"""The features of open tickets at the moment of a tick.

Here: the streams of a moment, from the set of recent tickets or, if that does not suffice, from the whole history.
Not here: features and streams themselves (`ml`), and keeping the set (`learning.outcomes_io`).

Both ways run the code of training, so training and serving use the same features.
"""

from datetime import datetime

import polars as pl

from ml.problems.sla_breach.features import CLOCK, CLOCK_STATE, features
from ml.problems.sla_breach.streams import Streams, streams
from opsguard_assets.derivation import followed_upto, pending
from opsguard_assets.tables.registry import CLIENTS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.learning.outcomes_io import recent_tickets
from opsguard_assets.tickets.learning.recent import MARGIN, VERSION, outcomes_at, recent_outcomes, ticket_outcomes
from opsguard_assets.tickets.learning.schemas import RECENT_TICKETS
from opsguard_assets.tickets.sla.clock_history import valid
from opsguard_assets.tickets.sla.snapshot_io import INPUTS, RULES, history_of
from resources.lake import Lake

_KEY = "ticket_id"


def features_at(lake: Lake, as_of: datetime, readings: pl.DataFrame) -> pl.DataFrame:
    """The features of tickets at `as_of`, by what was known then.

    The cost does not grow with history if the set of recent tickets has followed all loads and `as_of` lies at most
    a day before the newest. Otherwise, and if history was imported after `as_of`, the whole history is used; the result
    is the same.

    Args:
        lake: The lake.
        as_of: The moment, UTC.
        readings: The clocks of these tickets read at `as_of` (`tickets.sla.tick.clocks_at`).

    Returns:
        One row per row of `readings`, in order: the result of `ml.problems.sla_breach.features.features`.
    """
    known = _recent_streams(lake, as_of) or TicketDataset.of(history_of(lake), as_of).known
    return features(known, readings.select(_KEY, "as_of", *CLOCK, *CLOCK_STATE))


def _recent_streams(lake: Lake, as_of: datetime) -> Streams | None:
    """The streams of recent tickets; None if they do not cover `as_of`."""
    upto = followed_upto(lake, RECENT_TICKETS.name)
    if upto is None or not _is_served(lake, as_of, upto):
        return None
    recent = recent_tickets(lake)
    known_outcomes = _with_later_outcomes(lake, recent_outcomes(recent), as_of)
    return streams(recent.select(VERSION), outcomes_at(known_outcomes, as_of), valid(lake.versions(CLIENTS).collect()))


def _is_served(lake: Lake, as_of: datetime, upto: datetime) -> bool:
    if lake.recorded_upto is not None or as_of < upto - MARGIN or pending(lake, RECENT_TICKETS.name, INPUTS):
        return False
    # An announced policy has taken effect: it may concern every ticket.
    come = pl.col("known_at").is_between(pl.lit(upto, INSTANT), pl.lit(as_of, INSTANT), closed="right")
    if any(not lake.versions(table).filter(come).head(1).collect().is_empty() for table in RULES):
        return False
    return not any(lake.has_hindsight(table, as_of) for table in INPUTS)


def _with_later_outcomes(lake: Lake, rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The outcomes of recent tickets, made again where an announced change has come since."""
    come = rows.filter(pl.col("changes_at") <= pl.lit(as_of, INSTANT)).select(_KEY)
    if come.is_empty():
        return rows
    again = ticket_outcomes(history_of(lake, come), as_of)
    return pl.concat([rows.join(come, on=_KEY, how="anti"), again])
