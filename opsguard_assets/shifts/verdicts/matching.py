"""Which presence belongs to which shift: a global assignment for each person.

Here: the assignment. Not here: presences (`presence`), what follows for a shift (`verdicts`).

1. A presence and a shift are a candidate pair if they overlap at the same site, or if the person arrived up to four
   hours early and is still there. If neither is part of another pair, they are matched.
2. Otherwise (two short shifts, somebody who stayed on) the pairs with the least unexplained time are chosen. A pair
   costs the minutes between arrival and start and between departure and end; a shift without a pair costs its length
   (`scipy.optimize.linear_sum_assignment`, for the people concerned).
3. A shift without a match is also attended by a presence that covers its start and at least half of it, or that is
   still open after the previous shift.
4. Remaining presences are compared with shifts at other sites: the person came to the wrong site.
"""

from datetime import timedelta

import numpy as np
import polars as pl

_EARLY = timedelta(hours=4)
_ADJOINING = timedelta(hours=1)
_AT_MOST_BEFORE = timedelta(hours=1)
_HALF = 0.5
_NEVER = 1e9


def assigned(shifts: pl.DataFrame, presences: pl.DataFrame) -> pl.DataFrame:
    """The presence of each attended shift.

    Args:
        shifts: `shift` (a number), `person_id`, `site_id`, `from_at`, `until_at`: parts of people who were expected.
        presences: Of `presence.presences`.

    Returns:
        `shift`, `presence`, `is_elsewhere`; shifts that nobody attended are left out.
    """
    pairs = _pairs(shifts, presences, at_site=True)
    chosen = _chosen(pairs)
    going_on = _going_on(pairs, chosen, shifts)
    here = pl.concat([chosen, going_on])
    left = shifts.join(here, on="shift", how="anti")
    explained = pairs.join(here, on="shift", how="semi")
    stray = presences.join(explained, on="presence", how="anti")
    instead = (pl.col("in_at") >= pl.col("from_at") - _AT_MOST_BEFORE) | (pl.col("inside") >= _HALF * pl.col("length"))
    elsewhere = _chosen(_pairs(left, stray, at_site=False).filter(instead))
    return pl.concat(
        [here.with_columns(is_elsewhere=pl.lit(value=False)), elsewhere.with_columns(is_elsewhere=pl.lit(value=True))]
    ).sort("shift")


def _minutes(span: pl.Expr) -> pl.Expr:
    return span.dt.total_microseconds() / 60e6


def _pairs(shifts: pl.DataFrame, presences: pl.DataFrame, *, at_site: bool) -> pl.DataFrame:
    """Candidate pairs with their cost."""
    where = presences.rename({"until_at": "_stays_until", "site_id": "_site"})
    met = shifts.join(where, on="person_id").filter((pl.col("site_id") == pl.col("_site")) == at_site)
    overlaps = (pl.col("in_at") < pl.col("until_at")) & (pl.col("_stays_until") > pl.col("from_at"))
    waits = pl.col("out_at").is_null() & pl.col("in_at").is_between(pl.col("from_at") - _EARLY, pl.col("from_at"))
    apart = _minutes(pl.col("in_at") - pl.col("from_at")).abs()
    apart_at_end = _minutes(pl.col("out_at") - pl.col("until_at")).abs().fill_null(0)
    inside = pl.min_horizontal("_stays_until", "until_at") - pl.max_horizontal("in_at", "from_at")
    return met.filter(overlaps | waits).select(
        "shift",
        "presence",
        "person_id",
        "in_at",
        "out_at",
        "from_at",
        "until_at",
        "_stays_until",
        cost=apart + apart_at_end,
        length=_minutes(pl.col("until_at") - pl.col("from_at")),
        inside=_minutes(inside),
    )


def _chosen(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs that belong together: `shift`, `presence`."""
    alone = (pl.len().over("shift") == 1) & (pl.len().over("presence") == 1)
    marked = pairs.with_columns(_alone=alone)
    plain = marked.filter("_alone").select("shift", "presence")
    contested = marked.filter(~pl.col("_alone"))
    solved = [_solved(of_person) for of_person in contested.partition_by("person_id")]
    return pl.concat([plain, *solved])


def _solved(pairs: pl.DataFrame) -> pl.DataFrame:
    """The cheapest choice of one person's contested pairs."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - every run imports this module, and few need it

    shifts, presences = pairs["shift"].unique().sort(), pairs["presence"].unique().sort()
    row, column = shifts.search_sorted(pairs["shift"]).to_numpy(), presences.search_sorted(pairs["presence"]).to_numpy()
    lengths = np.zeros(len(shifts))
    lengths[row] = pairs["length"].to_numpy()
    costs = np.full((len(shifts), len(presences) + len(shifts)), _NEVER)
    costs[row, column] = pairs["cost"].to_numpy()
    # A column of its own for each shift: what it costs when nobody comes.
    costs[np.arange(len(shifts)), len(presences) + np.arange(len(shifts))] = lengths
    rows, columns = linear_sum_assignment(costs)
    taken = columns < len(presences)
    return pl.DataFrame(
        {"shift": shifts.gather(rows[taken]), "presence": presences.gather(columns[taken])},
        schema=pairs.select("shift", "presence").schema,
    )


def _going_on(pairs: pl.DataFrame, chosen: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """Shifts without a match whose person was already there at the start and stayed."""
    ranked = pairs.with_columns(_is_best=pl.col("inside") == pl.col("inside").max().over("presence"))
    open_pairs = ranked.join(chosen, on="shift", how="anti")
    ends = (
        chosen.join(shifts.select("shift", _before="until_at"), on="shift")
        .group_by("presence")
        .agg(pl.col("_before").max())
    )
    joined = open_pairs.join(ends, on="presence", how="left")
    covers = (pl.col("in_at") <= pl.col("from_at")) & (pl.col("_stays_until") >= pl.col("from_at"))
    mostly = pl.col("out_at").is_not_null() & (pl.col("inside") >= _HALF * pl.col("length"))
    stays = pl.col("out_at").is_null() & (pl.col("from_at") - pl.col("_before") <= _ADJOINING)
    unclaimed = pl.col("_before").is_null() & pl.col("_is_best")
    return (
        joined.filter((covers & stays.fill_null(value=False)) | mostly | unclaimed)
        .sort("inside", descending=True)
        .unique("shift", keep="first", maintain_order=True)
        .select("shift", "presence")
    )
