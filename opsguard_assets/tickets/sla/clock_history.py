"""The SLA clocks of past moments: every known version of every ticket, with its clock.

Here: stored clocks over time, for training and replay. Not here: the clocks of one moment (`clocks`), reading them
(`tick`).

A stored clock changes only when a new version of its ticket becomes known, when an announced change takes effect, or
when a policy changes. So every tick of a past period is one as-of look-up in these clocks, and equal to the tick at the
time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import dataframely as dy
import polars as pl

from opsguard_assets.tables.reference import Calendars
from opsguard_assets.tables.registry import CALENDARS
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN, SUPERSEDED_AT
from opsguard_assets.tickets.sla.calendars import working_time
from opsguard_assets.tickets.sla.clocks import sla_clocks
from opsguard_assets.tickets.sla.schemas import PastClock
from opsguard_assets.tickets.sla.tick import READ, clocks_at_moments

_TICKET = "ticket_id"
_HISTORY = ("known_from", "known_until")
_OVER = ("closed", "cancelled")
# A placeholder: any time is right for an empty set of moments.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TicketHistory:
    """All versions of tickets and of what their clocks depend on.

    Attributes:
        tickets: All versions of `tickets`, with `superseded_at` and `_is_withdrawn`.
        ticket_events: The same of `ticket_events`.
        sla_policies: The same of `sla_policies`, and so on.
        calendars: As above.
        sites: As above.
        clients: As above.
    """

    tickets: pl.DataFrame
    ticket_events: pl.DataFrame
    sla_policies: pl.DataFrame
    calendars: pl.DataFrame
    sites: pl.DataFrame
    clients: pl.DataFrame

    @property
    def rules(self) -> dict[str, pl.DataFrame]:
        """The tables of which a change touches every open ticket; few changes are expected."""
        return {"sla_policies": self.sla_policies, "calendars": self.calendars}

    @property
    def places(self) -> dict[str, pl.DataFrame]:
        """The tables of which a change touches the open tickets of one key, by that key."""
        return {"site_id": self.sites, "client_id": self.clients}


def clock_history(history: TicketHistory, until: datetime) -> dy.DataFrame[PastClock]:
    """The stored clocks of every state of knowledge up to `until`.

    Args:
        history: All versions.
        until: Last instant of knowledge.

    Returns:
        One row per ticket and state of knowledge, sorted by both.
    """
    parts = [_epoch(history, begins, ends, until) for begins, ends in _epochs(history, until)]
    rows = pl.concat(parts).sort(_TICKET, "known_from")
    following = pl.col(_TICKET).shift(-1) == pl.col(_TICKET)
    return rows_of(PastClock, rows.with_columns(known_until=pl.when(following).then(pl.col("known_from").shift(-1))))


def readings_at(
    moments: pl.DataFrame, history: dy.DataFrame[PastClock], calendars: dy.DataFrame[Calendars]
) -> pl.DataFrame:
    """The readings of some tickets at some moments, by what was known at each.

    Args:
        moments: `ticket_id`, `as_of`, any further columns.
        history: The result of `clock_history`, until the last moment at least.
        calendars: All versions of the calendars of these clocks.

    Returns:
        `moments` in their order with the columns of `clocks_at`; moments before anything was known of a ticket are
        left out.
    """
    numbered = moments.with_row_index("_moment").sort(_TICKET, "as_of")
    found = numbered.join_asof(
        history, left_on="as_of", right_on="known_from", by=_TICKET, strategy="backward", check_sortedness=False
    ).filter(pl.col("known_from").is_not_null())
    used = found.select("calendar_id", "timezone", "calendar_key").unique("calendar_key")
    bounds = found.select(pl.col("as_of").min(), last=pl.col("as_of").max()).fill_null(_EPOCH)
    first, last = bounds.row(0)
    work = working_time(calendars, used, since=first, until=last)
    return clocks_at_moments(found, work).sort("_moment").drop("_moment", *_HISTORY)


def valid(versions: pl.DataFrame) -> pl.DataFrame:
    """Versions that were current for some time; a version that arrives outdated never was."""
    return versions.filter(
        pl.col(SUPERSEDED_AT).is_null() | (pl.col(SUPERSEDED_AT) > pl.col("known_at")), ~pl.col(IS_WITHDRAWN)
    )


def known_at(versions: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The rows of a table as known at an instant."""
    moment = pl.lit(as_of, INSTANT)
    return valid(versions).filter(
        pl.col("known_at") <= moment, pl.col(SUPERSEDED_AT).is_null() | (pl.col(SUPERSEDED_AT) > moment)
    )


def _epochs(history: TicketHistory, until: datetime) -> Iterator[tuple[datetime | None, datetime | None]]:
    """Spans between changes of promises and calendars; the first one begins with the first of them."""
    known = [rows["known_at"] for rows in history.rules.values()]
    ended = [rows[SUPERSEDED_AT].drop_nulls() for rows in history.rules.values()]
    changes = pl.concat([*known, *ended])
    instants: list[datetime | None] = [None, *changes.filter(changes <= until).unique().sort().to_list()]
    yield from zip(instants, [*instants[1:], None], strict=True)


def _epoch(history: TicketHistory, begins: datetime | None, ends: datetime | None, until: datetime) -> pl.DataFrame:
    """The clocks of one epoch, under the rules that were known in it."""
    pairs = _states(history, begins, ends, until).with_columns(_state=pl.format("{}#{}", _TICKET, "index"))
    placed = pairs.with_columns(_version_of(pairs, rows, key) for key, rows in history.places.items())
    rules = {name: known_at(rows, begins) if begins else rows.clear() for name, rows in history.rules.items()}
    clocks = sla_clocks(
        # Every state of knowledge takes part as a ticket of its own, so one pass computes the clocks of all.
        placed.drop(_TICKET).rename({"_state": _TICKET}),
        _events_of(history.ticket_events, pairs),
        sites=_versions(history.sites, "site_id"),
        clients=_versions(history.clients, "client_id"),
        as_of=until,
        sla_policies=_for_versions(rules["sla_policies"], history.clients),
        calendars=CALENDARS.rows(rules["calendars"]),
    )
    frame = pairs.select(
        pl.col("_state").alias("_name"), _ticket=_TICKET, _site="site_id", _client="client_id", known_from="known_from"
    )
    return (
        clocks.select(READ)
        .join(frame, left_on=_TICKET, right_on="_name")
        .with_columns(ticket_id="_ticket", site_id="_site", client_id="_client")
        .select(*READ, "known_from")
    )


def _states(history: TicketHistory, begins: datetime | None, ends: datetime | None, until: datetime) -> pl.DataFrame:
    """Tickets as known from each instant of an epoch at which something about them became known."""
    versions = valid(history.tickets).sort(_TICKET, "known_at")
    own = _own_instants(history, versions).with_columns(is_own=pl.lit(value=True))
    wanted = pl.concat(
        [own, *(rows.with_columns(is_own=pl.lit(value=False)) for rows in _place_instants(history, versions))]
    )
    if begins is not None:
        again = versions.select(_TICKET, known_from=pl.lit(begins, INSTANT), is_own=pl.lit(value=False)).unique()
        wanted = pl.concat([wanted, again]).filter(pl.col("known_from") >= begins)
    within = pl.col("known_from") < ends if ends is not None else pl.lit(value=True)
    instants = (
        wanted.filter(within, pl.col("known_from") <= until).group_by(_TICKET, "known_from").agg(pl.any("is_own"))
    )
    found = instants.sort(_TICKET, "known_from").join_asof(
        versions, left_on="known_from", right_on="known_at", by=_TICKET, strategy="backward", check_sortedness=False
    )
    is_valid = pl.col(SUPERSEDED_AT).is_null() | (pl.col(SUPERSEDED_AT) > pl.col("known_from"))
    # What was promised to a ticket that has ended stays as it was.
    concerns = pl.col("is_own") | ~pl.col("status").is_in(_OVER)
    return found.filter(pl.col("opened_at").is_not_null() & is_valid & concerns).drop("is_own").with_row_index("index")


def _own_instants(history: TicketHistory, versions: pl.DataFrame) -> pl.DataFrame:
    """When something of a ticket itself became known."""
    events = valid(history.ticket_events)
    came = events.select(_TICKET, known_from=pl.max_horizontal("known_at", "at"))
    went = events.filter(pl.col(SUPERSEDED_AT).is_not_null()).select(_TICKET, known_from=SUPERSEDED_AT)
    return pl.concat([versions.select(_TICKET, known_from="known_at"), came, went])


def _place_instants(history: TicketHistory, versions: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """When the site or client of an already known ticket became known, or changed."""
    for key, rows in history.places.items():
        first = versions.group_by(_TICKET, key).agg(pl.col("known_at").min().alias("_first"))
        later = first.join(valid(rows).select(key, known_from="known_at"), on=key)
        yield later.filter(pl.col("known_from") > pl.col("_first")).select(_TICKET, "known_from")


def _version_of(pairs: pl.DataFrame, rows: pl.DataFrame, key: str) -> pl.Series:
    """The name of the version of a site or client that was known at each state; the key itself where none was."""
    numbered = pairs.select(key, "known_from").with_row_index("_row").sort(key, "known_from")
    known = valid(rows).sort(key, "known_at").select(key, "known_at", _name=_name(key))
    found = numbered.join_asof(
        known, left_on="known_from", right_on="known_at", by=key, strategy="backward", check_sortedness=False
    )
    return found.sort("_row").select(pl.coalesce("_name", key).alias(key)).to_series()


def _versions(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    return valid(rows).with_columns(_name(key).alias(key))


def _name(key: str) -> pl.Expr:
    return pl.format("{}@{}", key, pl.col("known_at").to_physical())


def _for_versions(policies: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """Policies of a client apply to every version of it."""
    named = valid(clients).select("client_id", _named=_name("client_id"))
    copies = policies.join(named, on="client_id").with_columns(client_id="_named").select(policies.columns)
    return pl.concat([policies, copies])


def _events_of(events: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The events that belong to each state of knowledge, under the state's name."""
    seen = valid(events).join(pairs.select(_TICKET, "_state", "known_from"), on=_TICKET, maintain_order="left")
    return seen.filter(
        pl.max_horizontal("known_at", "at") <= pl.col("known_from"),
        pl.col(SUPERSEDED_AT).is_null() | (pl.col(SUPERSEDED_AT) > pl.col("known_from")),
    ).select("at", "field", "old", "new", "actor_id", pl.col("_state").alias(_TICKET))
