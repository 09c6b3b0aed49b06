"""Recomputes a recorded tick and compares it with its record, digest by digest.

Here: what all domains share: the record, the model of that time, findings and decisions, and the comparison. Not here:
the rows of a tick (each domain), and what-if over a whole period (`replay`).

Rows that were recorded after the tick do not count, even if a mapping dates them earlier. This is exact only for ticks
that ran live; a tick on an imported history has no record of what it could see, so it is recomputed from the lake as it
is now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.lifecycle import Monitor, decisions_at, digest_of_findings
from opsguard_assets.alerts.queries import digest_at
from opsguard_assets.alerts.recompute import before_tick, decided, digest_of_decisions
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.scoring import Scorer, scored_rows
from opsguard_assets.models.serving import Serving, serving
from resources.database import Database
from resources.lake import Lake
from resources.ticks import Tick, digest_of, ticks_of


class NoTickError(LookupError):
    """There is no tick to recompute; the message says what is missing."""


@dataclass(frozen=True)
class Digests:
    """The digests of a part of a tick: recomputed and recorded.

    Attributes:
        again: The recomputed digest.
        recorded: The recorded one; None where none was recorded, or its rows are no longer kept.
    """

    again: str | None
    recorded: str | None

    @property
    def is_reproduced(self) -> bool:
        """Whether the record, if there is one, is equal."""
        return self.recorded in {None, self.again}


@dataclass(frozen=True)
class RecomputedTick:
    """A recomputed tick and its record.

    Attributes:
        tick: The record.
        rows: The recomputed tables of the tick, by name.
        digests: The digests of its parts: `scores`, `findings`, `decisions`, and what a domain adds.
    """

    tick: Tick
    rows: Mapping[str, pl.DataFrame]
    digests: Mapping[str, Digests]

    @property
    def is_reproduced(self) -> bool:
        """Whether every part is equal to its record."""
        return all(digests.is_reproduced for digests in self.digests.values())


def recorded_tick(database: Database, job: str, as_of: datetime, *, command: str) -> Tick:
    """The record of a tick.

    Args:
        database: Where ticks are recorded.
        job: The job that computed it.
        as_of: Its moment.
        command: The command that runs such a tick, for the message.

    Raises:
        NoTickError: When no tick of that moment was recorded.
    """
    recorded = ticks_of(database, job, begins_at=as_of, ends_at=as_of)
    if not recorded:
        raise NoTickError(f"No tick recorded at {as_of:%Y-%m-%d %H:%M:%S} UTC; `{command}` computes one.")
    return recorded[0]


@dataclass(frozen=True)
class Rescored:
    """The scores of a recorded tick, computed again.

    Attributes:
        tick: What was recorded.
        lake: The lake as it had been recorded then.
        rows: Its rows.
        digests: The digests of `scores` and `scores_in_lake`.
    """

    tick: Tick
    lake: Lake
    rows: pl.DataFrame
    digests: Mapping[str, Digests]


def rescored(
    scorer: Scorer,
    lake: Lake,
    champions: Champions,
    as_of: datetime,
    *,
    command: str,
    late: timedelta = timedelta(0),
) -> Rescored:
    """Scores a recorded tick again, by the records and the model of the time; nothing is written.

    Args:
        scorer: How its problem is scored, by the settings in force now.
        lake: The lake as now.
        champions: Who scored when; ticks are recorded in the same database.
        as_of: The moment.
        command: Makes such a tick, for the message.
        late: How long after its moment the tick may have been computed, by the champion of then.

    Raises:
        NoTickError: When no tick of that moment was recorded, or its model cannot be had any more.
    """
    tick = recorded_tick(champions.database, scorer.job, as_of, command=command)
    served = model_of(champions, tick, scorer.problem, late=late)
    seen = lake.as_recorded(tick.recorded_upto)
    rows = scorer.table.empty() if scorer.unwanted else scored_rows(scorer, seen, served, as_of)
    stored = compared_with_stored(rows, lake.rows_at(scorer.table, as_of), key=scorer.key)
    return Rescored(tick, seen, rows, {"scores": Digests(stored.again, tick.digest), "scores_in_lake": stored})


def model_of(champions: Champions, tick: Tick, problem: Problem, *, late: timedelta = timedelta(0)) -> Serving:
    """What scored a tick: the rule, or the champion of the time.

    Args:
        champions: Who was champion when.
        tick: The tick; one that scored nothing names no model, and the rule stands for it.
        problem: Its problem.
        late: How long after its moment the tick may have been computed, by the champion of then.

    Raises:
        NoTickError: When that model is no longer available.
    """
    rule = problem.rule
    if tick.model_name is None or (tick.model_name, tick.model_version) == (rule.name, rule.version):
        return Serving(rule)
    for asked in (tick.as_of, tick.as_of + late):
        served = serving(champions, problem.name, rule, asked, makes=problem.makes)
        if served.trouble is None and served.model.version == tick.model_version:
            return served
    raise NoTickError(
        f"{tick.model_name} {tick.model_version} scored at {tick.as_of:%Y-%m-%d %H:%M} UTC and is no longer available: "
        f"{served.trouble or f'the champion of the time is {served.model.version}'}"
    )


def compared_with_stored(again: pl.DataFrame, stored: pl.DataFrame, *, key: list[str]) -> Digests:
    """The digests of recomputed rows and of those in the lake, which keeps them for a limited time."""
    recorded = None if stored.is_empty() else digest_of(stored.select(again.columns), key=key)
    return Digests(digest_of(again, key=key), recorded)


def settled_again(
    database: Database,
    monitor: Monitor,
    as_of: datetime,
    settings: Settings,
    find: Callable[[Connection], pl.DataFrame],
) -> dict[str, Digests]:
    """Recomputes findings and decisions of a tick with the current settings, and compares them with the record.

    Args:
        database: The database of alerts.
        monitor: The monitor.
        as_of: The tick.
        settings: The current settings; those of the tick are not recorded.
        find: Computes the findings, given a connection that shows alerts and mutes as before the tick.

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
