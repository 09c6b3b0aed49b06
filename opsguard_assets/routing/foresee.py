"""What routing will do about an incident if nobody reacts: the same decisions, one moment after the other.

Here: a simulation by `decide`. Not here: deciding, and reading.
"""

from datetime import datetime
from typing import Final

import polars as pl

from opsguard_assets.incidents.notices import DECIDED_TOLD
from opsguard_assets.routing.decide import decide
from opsguard_assets.routing.frames import PAST, WORK, Case, Roster, Rules

# More moments than any chain has within a few hours.
_MOST: Final = 100


def foresee(work: pl.DataFrame, case: Case, roster: Roster, rules: Rules, until: datetime) -> pl.DataFrame:
    """Rows of `NOTICE` with `at`, the moment of each decision, the first one first.

    Args:
        work: One row of `WORK`, as routing would read it.
        case: The present: loads, what was sent within the hour, and the time; nothing else of it counts.
        roster: Everybody who may be told.
        rules: By what.
        until: The end of what is foreseen.
    """
    now, past = case.now, pl.DataFrame(schema=PAST)
    found: list[pl.DataFrame] = []
    for _ in range(_MOST):
        # The condition still holds at every later moment; that is what "nobody reacts" means.
        seen = work.with_columns(last_seen_at=pl.max_horizontal("last_seen_at", pl.lit(now))) if found else work
        decided = decide(Case(seen.cast(WORK), past, case.loads, case.sent, now), roster, rules)
        found.append(decided.notices.with_columns(at=pl.lit(now)))
        reached = decided.notices.with_columns(state=pl.when(pl.col("decision") == DECIDED_TOLD).then(pl.lit("done")))
        past = pl.concat([past, reached.select(pl.col(name).cast(dtype) for name, dtype in PAST.items())])
        moves = decided.moves.drop("team")
        work = work.drop(name for name in moves.columns if name != "incident_id").join(moves, on="incident_id")
        work = work.select(WORK.names())
        following = work["next_step_at"].item()
        if following is None or following > until:
            break
        now = following
    return pl.concat(found)
