"""What key figures read: canonical tables, derived ones, those of the database, and through when each is complete.

Here: reading as of a moment. Not here: rows and figures, which are pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.derivation import in_portions, pending
from opsguard_assets.devices.telemetry.hourly_io import hourly_known, stored_hours
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY
from opsguard_assets.scorecards.kpis import prediction_feeds_io as prediction_feeds
from opsguard_assets.scorecards.kpis.kpi import WATERMARKS, Feeds, Kpi
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.schemas import Watermarks
from opsguard_assets.scorecards.kpis.shift_feeds_io import verdicts_since
from opsguard_assets.tables.registry import TABLES, TICKETS
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.sla.derive_io import PORTION, tickets_touched
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS
from opsguard_assets.tickets.sla.snapshot_io import INPUTS, known
from resources.lake import Lake


@dataclass(frozen=True)
class Reading:
    """What is read, and as of when.

    Attributes:
        lake: Records and derived tables.
        past: What happened to alerts, findings and playbooks up to the moment; asked for where a figure needs it.
        since: The first instant of all months.
        until: The first one after them.
    """

    lake: Lake
    past: Callable[[], Past]
    settings: Settings
    as_of: datetime
    since: datetime
    until: datetime


def feeds(reading: Reading, kpis: Iterable[Kpi]) -> Feeds:
    """What key figures read, by the names of `Kpi.feeds`, and `WATERMARKS`.

    Raises:
        KeyError: When a key figure names a feed that nobody reads here.
    """
    every = list(kpis)
    names = {name for kpi in every for name in kpi.feeds}
    dated = names | {name for kpi in every for name in kpi.watermarks}
    return {
        **{name: READERS[name](reading) if name in READERS else _canonical(reading, name) for name in sorted(names)},
        WATERMARKS: watermarks(reading, dated).lazy(),
    }


def watermarks(reading: Reading, names: Iterable[str]) -> dy.DataFrame[Watermarks]:
    """Through when feeds are complete: the date of the newest row, never later than the moment."""
    rows = [(name, _complete(reading, name)) for name in sorted(names)]
    frame = pl.DataFrame(rows, schema={"feed": pl.String, "through_at": INSTANT}, orient="row")
    # The least of a null and the moment would be the moment: what never delivered would be complete.
    capped = pl.when(pl.col("through_at") > reading.as_of).then(reading.as_of).otherwise("through_at").cast(INSTANT)
    return rows_of(Watermarks, frame.with_columns(through_at=capped))


def _complete(reading: Reading, name: str) -> datetime | None:
    if name in COMPLETE:
        return COMPLETE[name](reading)
    return reading.lake.newest_row(TABLES[name]) if name in TABLES else None


def _canonical(reading: Reading, name: str) -> pl.LazyFrame:
    """A canonical table as known at the moment; facts before the months are left out where nobody needs them."""
    rows = reading.lake.known(TABLES[name], reading.as_of)
    dated = DATED.get(name)
    return rows if dated is None else rows.filter(pl.col(dated) >= pl.lit(reading.since, INSTANT))


def _clocks(reading: Reading) -> pl.LazyFrame:
    """The clocks of all tickets as they stand at the moment.

    Stored ones where no record has arrived since and no announced change has come; the others are computed, as are all
    in the lake of a past moment, where clocks may be missing that were stored only after it.
    """
    lake, as_of = reading.lake, reading.as_of
    tickets = lake.known(TICKETS, as_of)
    stored: pl.LazyFrame = lake.known(SLA_CLOCKS, as_of)
    if lake.recorded_upto is not None or any(lake.has_hindsight(table, as_of) for table in INPUTS):
        stored = stored.filter(pl.lit(value=False))
    elif (span := pending(lake, SLA_CLOCKS.name, INPUTS)) is not None:
        stored = stored.join(tickets_touched(lake, span).lazy(), on="ticket_id", how="anti")
    is_outdated = (pl.col("changes_at") <= pl.lit(as_of, INSTANT)).fill_null(value=False)
    fresh = stored.filter(~is_outdated)
    asked = tickets.join(fresh.select("ticket_id"), on="ticket_id", how="anti").select("ticket_id").collect()
    computed = [_computed(reading, portion) for portion in in_portions(asked, PORTION)]
    return pl.concat([fresh, *(frame.lazy() for frame in computed)])


def _computed(reading: Reading, portion: pl.DataFrame) -> pl.DataFrame:
    lake, as_of = reading.lake, reading.as_of
    own = TICKETS.typed(lake.known(TICKETS, as_of).join(portion.lazy(), on="ticket_id", how="semi")).collect()
    clocks = known(lake, as_of, own).clocks()
    return SLA_CLOCKS.rows(clocks.with_columns(known_at=pl.lit(as_of, INSTANT)))


def _hours(reading: Reading) -> pl.LazyFrame:
    return hourly_known(reading.lake, reading.as_of, since=reading.since - _HOURS_BEFORE)


def _hours_through(reading: Reading) -> datetime | None:
    """When the last report was heard that is rolled up."""
    hours = stored_hours(reading.lake, upto=reading.as_of)
    known = hours.filter(pl.col("known_at") <= pl.lit(reading.as_of, INSTANT), pl.col("reports") > 0)
    last = known.filter(pl.col("date") == pl.col("date").max()).select(pl.col("last_at").max()).collect().item()
    return last if isinstance(last, datetime) else None


def _risks(reading: Reading) -> pl.LazyFrame:
    """Stored scores of tickets of the months."""
    if not reading.lake.exists(SLA_RISK.derived_name):
        return SLA_RISK.empty().lazy()
    days = pl.col("date").is_between(reading.since.date(), reading.as_of.date())
    rows = reading.lake.scan(SLA_RISK.derived_name).filter(days, pl.col("as_of") <= pl.lit(reading.as_of, INSTANT))
    return rows.select(SLA_RISK.columns)


def _risks_through(reading: Reading) -> datetime | None:
    last = _risks(reading).select(pl.col("as_of").max()).collect().item()
    return last if isinstance(last, datetime) else None


def _alerts_through(reading: Reading) -> datetime | None:
    return reading.past().alerts_through()


# Reports of devices that report once in a month vouch for days before the first month.
_HOURS_BEFORE = timedelta(days=31)
# Feeds that are no canonical table, by how they are read.
READERS: Mapping[str, Callable[[Reading], pl.LazyFrame]] = {
    DEVICE_HOURLY.derived_name: _hours,
    SLA_RISK.derived_name: _risks,
    "models/scores": lambda r: prediction_feeds.scores(r.lake, r.settings, r.since, r.as_of),
    "database/alert_episodes": lambda r: r.past().alert_episodes(r.since),
    "database/executions": lambda r: r.past().executions_since(r.since),
    "database/ticks": lambda r: r.past().ticks_since(r.since),
    "database/escalated": lambda r: r.past().escalated(r.since),
    "tickets/sla_clocks": _clocks,
    "shifts/shift_compliance": lambda reading: verdicts_since(
        reading.lake, reading.settings, reading.as_of, reading.since
    ),
}
# Canonical tables of which only rows since the first month are read, by the instant that says so.
DATED: Mapping[str, str] = {"attendance": "punched_in_at", "tours": "due_at"}
# Through when feeds are complete that are no canonical table.
COMPLETE: Mapping[str, Callable[[Reading], datetime | None]] = {
    DEVICE_HOURLY.derived_name: _hours_through,
    SLA_RISK.derived_name: _risks_through,
    "models/scores": lambda r: prediction_feeds.scored_through(r.lake, r.settings, r.as_of),
    "database/alert_episodes": _alerts_through,
}
