"""Episodes of alerts from the database into the lake, where models read them.

Here: reading what changed, recording it. Not here: episodes out of transitions (`episodes`).

The database keeps the lifecycle, the lake the history with two clocks. A run records what changed since the last one;
what it costs does not grow with history. One that dies before its commit leaves it to the next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from opsguard_assets.tables.versions import IS_WITHDRAWN, SUPERSEDED_AT
from opsguard_assets.triage.learning.episodes import FEEDBACK, TRANSITIONS, corrections, news, versions_of
from opsguard_assets.triage.learning.schemas import ALERT_EPISODES
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

LOCK = "opsguard alert episodes"
_NEXT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Written:
    """What a run recorded: versions of episodes, and those of them that withdrawals made."""

    versions: int
    corrected: int


def update_episodes(lake: Lake, database: Database, as_of: datetime) -> Written:
    """Records the episodes of all alerts that changed since the last time.

    Args:
        lake: Where episodes go.
        database: Where alerts live.
        as_of: The moment of the run. Its rows are loaded at this moment, or right after the newest ones, so that a tick
            that was computed before can be told what it had seen.
    """
    with database.lock(LOCK):
        transition, feedback = _read_upto(lake)
        changed, said = _changed(database, transition, feedback)
        if changed.is_empty():
            return Written(0, 0)
        versions = versions_of(changed, said)
        fresh = news(versions, transition=transition, feedback=feedback)
        fixed = corrections(versions, changed, _stored(lake, changed), transition=transition)
        newest = lake.loaded_upto(ALERT_EPISODES)
        loaded_at = as_of if newest is None or as_of >= newest else newest + _NEXT
        lake.record(ALERT_EPISODES, pl.concat([fresh, fixed], how="diagonal"), loaded_at=loaded_at)
        return Written(len(fresh) + len(fixed), len(fixed))


def _read_upto(lake: Lake) -> tuple[int, int]:
    """The last transition and the last word of an operator that the lake holds."""
    last = pl.col("transition_id", "feedback_id").max().fill_null(0)
    transition, feedback = lake.versions(ALERT_EPISODES).select(last).collect().row(0)
    return int(transition), int(feedback)


def _changed(database: Database, transition: int, feedback: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    values = {"transition": transition, "feedback": feedback}
    with database.begin() as connection:
        rows = {
            name: [tuple(row) for row in connection.execute(statement(__name__, name), values)]
            for name in ("transitions", "feedback")
        }
    return (
        pl.DataFrame(rows["transitions"], schema=TRANSITIONS, orient="row"),
        pl.DataFrame(rows["feedback"], schema=FEEDBACK, orient="row"),
    )


def _stored(lake: Lake, changed: pl.DataFrame) -> pl.DataFrame:
    """The newest stored versions of the episodes of some alerts."""
    newest = lake.versions(ALERT_EPISODES).filter(pl.col(SUPERSEDED_AT).is_null(), ~pl.col(IS_WITHDRAWN))
    asked = changed.filter("is_withdrawn").select("alert_id").unique().lazy()
    return newest.join(asked, on="alert_id", how="semi").select(ALERT_EPISODES.columns).collect()
