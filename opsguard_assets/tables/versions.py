"""Two clocks: which version of a row was the known one, and until when.

Here: pure arithmetic on versions. Not here: reading and writing them (`resources.lake`), and reports whose rows fill
each other (`reports`).

A version is one state of one key. Among the versions known at an instant, the one of the highest rank is *the* row.
Rank is (`version` column, `_sequence`, `known_at`, `_arrival`) where the table has a version column such as
`updated_at`, so that a late older state changes nothing; otherwise (`known_at`, `_sequence`, `_arrival`): the last word
counts. A version dated more than a day after it was known yields to every other one, because it cannot be known.
`_arrival` is the place of the row in the order of files and rows: it decides where nothing else does, so that it does
not matter which rows were loaded together. `superseded_at` is the instant from which another version is the row: null
while it is current, equal to `known_at` for a state that was already outdated on arrival. A version that
`_is_withdrawn` says that the row is no longer believed.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import polars as pl

from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT

SEQUENCE, LOADED_AT, SUPERSEDED_AT, IS_WITHDRAWN = "_sequence", "_loaded_at", "superseded_at", "_is_withdrawn"
ARRIVAL = "_arrival"
# Beside the hidden columns: the load of the version that took the place of this one; null where none did.
ENDED_LOADED_AT = "_ended_loaded_at"
_Frame = TypeVar("_Frame", pl.DataFrame, pl.LazyFrame)
HIDDEN = {
    SEQUENCE: pl.Int64(),
    LOADED_AT: INSTANT,
    SUPERSEDED_AT: INSTANT,
    IS_WITHDRAWN: pl.Boolean(),
    ARRIVAL: pl.Int64(),
}
_ROW, _KEY, _NEW, _DIGEST = "_row", "_key", "_new", "_digest"
_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Revision:
    """What recording rows changes.

    Attributes:
        added: New versions, with `superseded_at`.
        closed: Existing versions whose `superseded_at` moved (contract columns, hidden columns).
        unchanged: Received rows that repeat a known version; they are not kept.
    """

    added: pl.DataFrame
    closed: pl.DataFrame
    unchanged: int


def rank(table: Table) -> list[str]:
    """The columns, most significant first, by whose greatest values the row of a key is chosen."""
    return [table.version, SEQUENCE, "known_at", ARRIVAL] if table.version else ["known_at", SEQUENCE, ARRIVAL]


def identity(table: Table) -> list[str]:
    """The columns that tell one version of a table from another."""
    return list(dict.fromkeys([*table.key, *rank(table)]))


def revise(known: pl.DataFrame, incoming: pl.DataFrame, table: Table) -> Revision:
    """What `incoming` rows add to the `known` versions of the same keys.

    A row says nothing new where its state is the one directly before it in the order of ranks, because A, B, A is a
    return to A. The same said as known earlier is news.

    Args:
        known: All stored versions of the keys that matter (contract columns and hidden columns).
        incoming: Received rows in contract columns with the hidden columns but `superseded_at`.
        table: The canonical table of both.

    Returns:
        A `Revision`. `len(added) + unchanged == len(incoming)`. Independent of row order, and repeating it with the
        same `incoming` on the result adds nothing.
    """
    places = _placed(known, incoming, table)
    same = _same_identity(places, table)
    if (same & places[_NEW] & places[_NEW].shift(1)).any():
        # What nothing tells apart but what it says is put in the order of what it says.
        incoming = incoming.sort([c for c in _content(table) if not incoming.schema[c].is_nested()])
        places = _placed(known, incoming, table)
        same = _same_identity(places, table)
    places = places.filter(~same)
    # A key with one version has nothing to compare or to date, and most keys of a first load have one.
    places = places.with_columns(_alone=pl.len().over(_KEY) == 1)
    alone, several = places.filter("_alone"), places.filter(~pl.col("_alone"))
    distinct = _without_passing_repeats(several, known, incoming, table)
    dated = _dated(_without_repeats(distinct, known, incoming, table))
    undated = alone.select(_ROW, _NEW, pl.lit(None, INSTANT).alias(SUPERSEDED_AT))
    rows = pl.concat([undated, dated.select(undated.columns)])
    added, stored = rows.filter(_NEW), rows.filter(~pl.col(_NEW))
    before = known[SUPERSEDED_AT].gather(stored[_ROW])
    moved = stored.filter(stored[SUPERSEDED_AT].ne_missing(before))
    return Revision(_with_end(incoming, added), _with_end(known, moved), unchanged=len(incoming) - len(added))


def superseded(versions: _Frame, table: Table) -> _Frame:
    """Versions with the instant from which another one of them is the row (`superseded_at`)."""
    order: list[str | pl.Expr] = [*_sound(table), *rank(table)]
    ranked = versions.sort([*table.key, *order], descending=[False] * len(table.key) + [True] * len(order))
    return ranked.with_columns(_end(table.key))


def _sound(table: Table) -> list[pl.Expr]:
    """That a version is not dated after it was known, but for a day: those rank above all others."""
    return [pl.col(table.version) <= pl.col("known_at") + _AHEAD] if table.version else []


def visible() -> pl.Expr:
    """The versions that were the row at any instant: not outdated on arrival."""
    return pl.col(SUPERSEDED_AT).is_null() | (pl.col(SUPERSEDED_AT) > pl.col("known_at"))


def _end(key: tuple[str, ...]) -> pl.Expr:
    """`superseded_at` of versions whose greatest rank comes first."""
    # The first version of higher rank to become known ends this one; a state that arrives outdated ends at once.
    rival = pl.col("known_at").cum_min().shift(1).over(key)
    return pl.max_horizontal(rival, pl.when(rival.is_not_null()).then("known_at")).alias(SUPERSEDED_AT)


def _content(table: Table) -> list[str]:
    """The columns that make up a state, cheap ones first."""
    content = [IS_WITHDRAWN, *(c for c in table.columns if c not in (*table.key, "known_at"))]
    return sorted(content, key=lambda name: table.dtypes[name].is_nested() if name in table.dtypes else False)


def _placed(known: pl.DataFrame, incoming: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Where every version stands: `_key` (a number), rank, `_new`, `_row`; sorted by rank, stored ones first."""
    columns = identity(table)
    narrow = pl.concat(
        [
            frame.select(*columns, pl.lit(is_new).alias(_NEW)).with_row_index(_ROW)
            for frame, is_new in ((known, False), (incoming, True))
        ]
    ).sort([*table.key, *_sound(table), *rank(table), _NEW, _ROW])
    # The first row has no neighbour, and a null key would not differ from that; so it is named by its index.
    starts = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(1)) for c in table.key) | pl.col(_KEY).eq(0)
    numbered = narrow.with_row_index(_KEY).with_columns(starts.cum_sum().cast(pl.UInt32).alias(_KEY))
    return numbered.select(_KEY, *(c for c in rank(table)), _NEW, _ROW)


def _same_identity(places: pl.DataFrame, table: Table) -> pl.Series:
    """Which versions cannot be told from the one before them."""
    same = [pl.col(c).eq_missing(pl.col(c).shift(1)) for c in (_KEY, *rank(table))]
    return places.select(pl.all_horizontal(same)).to_series()


def _without_passing_repeats(
    places: pl.DataFrame, known: pl.DataFrame, incoming: pl.DataFrame, table: Table
) -> pl.DataFrame:
    """Versions without received states that are over as soon as they are known, and were told before.

    A file that is delivered again repeats the passing states that its rows went through, too.
    """
    group = [_KEY, *rank(table)[:2]]
    tied = dict.fromkeys([*group, "known_at"])
    passing = pl.all_horizontal(pl.col(c).eq_missing(pl.col(c).shift(-1)) for c in tied).fill_null(value=False)
    marked = places.with_columns(_candidate=passing & pl.col(_NEW)).with_row_index("_place")
    candidates = marked.filter("_candidate")
    stored = marked.filter(~pl.col(_NEW)).join(candidates, on=group, how="semi", nulls_equal=True)
    if stored.is_empty():
        return places
    rows = stored.with_columns(_digest(known, stored[_ROW], table)).unique([*group, _DIGEST], keep="any")
    pairs = candidates.with_columns(_digest(incoming, candidates[_ROW], table)).join(
        rows.select(*group, _DIGEST, _said=_ROW), on=[*group, _DIGEST], nulls_equal=True
    )
    same = pl.Series([True]).new_from_index(0, len(pairs))
    for column in _content(table):
        same &= incoming[column].gather(pairs[_ROW]).eq_missing(known[column].gather(pairs["_said"]))
    repeats = pairs.filter(same)["_place"]
    return marked.filter(~pl.col("_place").is_in(repeats.implode())).select(places.columns)


def _digest(frame: pl.DataFrame, rows: pl.Series, table: Table) -> pl.Series:
    """A number by which equal states are found among many; equality is looked at afterwards."""
    return frame.select(_content(table))[rows].select(pl.struct(pl.all()).hash(1).alias(_DIGEST)).to_series()


def _without_repeats(places: pl.DataFrame, known: pl.DataFrame, incoming: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Versions without received ones that only repeat the state of the version before them."""
    same = places.select(pl.col(_KEY).eq_missing(pl.col(_KEY).shift(1))).to_series()
    at = places.select(pl.col(_ROW) + pl.when(_NEW).then(len(known)).otherwise(0)).to_series()
    # Column by column, so that memory holds one of them beside the rows.
    for column in _content(table):
        # Whole numbers are welcome in a column of fractions; the table stores them as such.
        values = pl.concat([known[column], incoming[column].cast(known[column].dtype)]).gather(at)
        same &= values.eq_missing(values.shift(1))
    return places.filter(~(same & places[_NEW]))


def _dated(places: pl.DataFrame) -> pl.DataFrame:
    """Places, the greatest rank of each key first, with `superseded_at`."""
    return places.reverse().with_columns(_end((_KEY,)))


def _with_end(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Some rows of a frame with their `superseded_at`."""
    return frame[rows[_ROW]].with_columns(rows[SUPERSEDED_AT])
