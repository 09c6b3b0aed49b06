"""A recorded tick computed again, beside what was recorded of it: digest by digest.

Here: what is the same in every domain: the record, the model of the time, what was found and decided, and whether all
of it is as it was. Not here: the rows of a tick (each domain), what-if over a whole period (`replay`).

What a mapping claims to have been known earlier, but was recorded later, did not count at the time and does not count
here. Only ticks that were computed live can be told so exactly; one that looked at an imported history has no record of
how far it saw and is computed from the lake as now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from sqlalchemy import Connection

from ml.models.model import RiskModel
from opsguard_assets.alerts.lifecycle import Monitor, decisions_at, digest_of_findings
from opsguard_assets.alerts.queries import digest_at
from opsguard_assets.alerts.recompute import before_tick, decided, digest_of_decisions
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.serving import Serving, serving
from resources.database import Database
from resources.ticks import Tick, digest_of, ticks_of


class NoTickError(LookupError):
    """There is no tick to compute again; the message says what is missing."""


@dataclass(frozen=True)
class Digests:
    """The digest of a part of a tick, computed again and recorded.

    Attributes:
        again: As computed again.
        recorded: That of the time; None where none was recorded, or what it is taken of is no longer kept.
    """

    again: str | None
    recorded: str | None

    @property
    def is_as_it_was(self) -> bool:
        """Whether nothing recorded says otherwise."""
        return self.recorded in {None, self.again}


@dataclass(frozen=True)
class RecomputedTick:
    """A tick computed again, beside what was recorded of it.

    Attributes:
        tick: What was recorded.
        rows: The tables of the tick as computed again, by name.
        digests: The digests of its parts: `scores`, `findings`, `decisions`, and what a domain adds.
    """

    tick: Tick
    rows: Mapping[str, pl.DataFrame]
    digests: Mapping[str, Digests]

    @property
    def is_as_it_was(self) -> bool:
        """Whether every part is that of the time, to the digit."""
        return all(digests.is_as_it_was for digests in self.digests.values())


def recorded_tick(database: Database, job: str, as_of: datetime, *, command: str) -> Tick:
    """The record of a tick.

    Args:
        database: Where ticks are recorded.
        job: The job that computed it.
        as_of: Its moment.
        command: Makes such a tick, for the message.

    Raises:
        NoTickError: When no tick of that moment was recorded.
    """
    recorded = ticks_of(database, job, begins_at=as_of, ends_at=as_of)
    if not recorded:
        raise NoTickError(f"There was no tick at {as_of:%Y-%m-%d %H:%M:%S} UTC; `{command}` makes one.")
    return recorded[0]


def model_of(
    champions: Champions,
    tick: Tick,
    problem: str,
    rule: RiskModel,
    *,
    makes: Callable[[str], bool],
    late: timedelta = timedelta(0),
) -> Serving:
    """What scored a tick: the rule, or the champion of the time.

    Args:
        champions: Who was champion when.
        tick: The tick.
        problem: Its problem.
        rule: The problem's rule.
        makes: Whether a feature can be made today.
        late: How long after its moment the tick may have been computed, by the champion of then.

    Raises:
        NoTickError: When that model cannot be had any more.
    """
    if (tick.model_name, tick.model_version) == (rule.name, rule.version):
        return Serving(rule)
    for asked in (tick.as_of, tick.as_of + late):
        served = serving(champions, problem, rule, asked, makes=makes)
        if served.trouble is None and served.model.version == tick.model_version:
            return served
    raise NoTickError(
        f"{tick.model_name} {tick.model_version} scored at {tick.as_of:%Y-%m-%d %H:%M} UTC and cannot be had any more: "
        f"{served.trouble or f'the champion of the time is {served.model.version}'}"
    )


def compared_with_stored(again: pl.DataFrame, stored: pl.DataFrame, *, key: list[str]) -> Digests:
    """The digests of rows as computed again and as they lie in the lake; older ones are no longer kept there."""
    recorded = None if stored.is_empty() else digest_of(stored.select(again.columns), key=key)
    return Digests(digest_of(again, key=key), recorded)


def settled_again(
    database: Database,
    monitor: Monitor,
    as_of: datetime,
    settings: Settings,
    find: Callable[[Connection], pl.DataFrame],
) -> dict[str, Digests]:
    """What a tick finds by the settings in force now, and what is decided on it, beside what was.

    Args:
        database: Where alerts live.
        monitor: Who finds.
        as_of: The tick.
        settings: Those in force now, which are not recorded with a tick.
        find: Finds, by the alerts and mutes before the tick that a connection shows.

    Returns:
        The digests of `findings` and `decisions`; nothing is recorded where alerts were not settled.
    """
    reopen_within = timedelta(minutes=settings.alerts.reopen_within_minutes)
    with before_tick(database, monitor, as_of) as connection:
        found = find(connection)
        decisions = decided(connection, found, monitor, as_of, reopen_within=reopen_within)
    was_found = digest_at(database, monitor.name, as_of)
    was_decided = digest_of_decisions(decisions_at(database, monitor.name, as_of)) if was_found else None
    return {
        "findings": Digests(digest_of_findings(found), was_found),
        "decisions": Digests(digest_of_decisions(decisions), was_decided),
    }
