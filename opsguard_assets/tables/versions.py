"""Two clocks: which version of a row was the known one, and until when.

Here: pure arithmetic on versions. Not here: reading and writing them (`resources.lake`).

A version is one state of one key. Among the versions known at an instant, the one of the highest rank is *the* row.
Rank is (`version` column, `_sequence`, `known_at`) where the table has a version column such as `updated_at`, so that
a re-delivered or late older state changes nothing; otherwise (`known_at`, `_sequence`): the last word counts.
`superseded_at` is the instant from which another version is the row: null while it is current, equal to `known_at` for
a state that was already outdated on arrival. A version that `_is_withdrawn` says that the row is no longer believed.
"""

from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from opsguard_assets.tables.table import Table

SEQUENCE, LOADED_AT, SUPERSEDED_AT, IS_WITHDRAWN = "_sequence", "_loaded_at", "superseded_at", "_is_withdrawn"
# Beside the hidden columns: the load of the version that took the place of this one; null where none did.
ENDED_LOADED_AT = "_ended_loaded_at"
INSTANT = pl.Datetime("us", "UTC")
_Frame = TypeVar("_Frame", pl.DataFrame, pl.LazyFrame)
HIDDEN = {SEQUENCE: pl.Int64(), LOADED_AT: INSTANT, SUPERSEDED_AT: INSTANT, IS_WITHDRAWN: pl.Boolean()}


@dataclass(frozen=True)
class Revision:
    """What recording rows changes.

    Attributes:
        added: New versions, with `superseded_at`.
        closed: Existing versions whose `superseded_at` moved (contract columns, hidden columns).
        unchanged: Received rows that repeat a known version.
    """

    added: pl.DataFrame
    closed: pl.DataFrame
    unchanged: int


def identity(table: Table) -> list[str]:
    """The columns that tell one version of a table from another."""
    version = [table.version] if table.version else []
    return list(dict.fromkeys([*table.key, *version, SEQUENCE, "known_at"]))


def rank(table: Table) -> list[str]:
    """The columns, most significant first, by whose greatest values the row of a key is chosen."""
    return [table.version, SEQUENCE, "known_at"] if table.version else ["known_at", SEQUENCE]


def revise(known: pl.DataFrame, incoming: pl.DataFrame, table: Table) -> Revision:
    """What `incoming` rows add to the `known` versions of the same keys.

    Args:
        known: All stored versions of the keys that matter (contract columns and hidden columns).
        incoming: Received rows in contract columns with `_sequence` and `_loaded_at`.
        table: The canonical table of both.

    Returns:
        A `Revision`. `len(added) + unchanged == len(incoming)`. Independent of row order, and repeating it with the
        same `incoming` on the result adds nothing.
    """
    repeats = _plain_repeats(known, incoming, table)
    received, incoming = len(incoming), incoming.filter(~repeats)
    versions = pl.concat(
        [
            known.with_columns(_new=pl.lit(value=False), _before=pl.col(SUPERSEDED_AT)),
            incoming.with_columns(
                _new=pl.lit(value=True), _before=pl.lit(None, HIDDEN[SUPERSEDED_AT]), **{SUPERSEDED_AT: None}
            ),
        ],
        how="diagonal_relaxed",
    )
    # A key with one version needs no ranking, and most keys of a first load have one.
    is_alone = versions.select(pl.len().over(table.key) == 1).to_series()
    dated = pl.concat([versions.filter(is_alone), _dated(versions.filter(~is_alone), table)])
    added = dated.filter(pl.col("_new")).drop("_new", "_before")
    closed = dated.filter(~pl.col("_new") & pl.col(SUPERSEDED_AT).ne_missing(pl.col("_before")))
    return Revision(added, closed.drop("_new", "_before"), unchanged=received - len(added))


def _plain_repeats(known: pl.DataFrame, incoming: pl.DataFrame, table: Table) -> pl.Series:
    """Which received rows say again, alone, what the one known version of their key says: nothing to rank or to date.

    A delivery that comes twice consists of such rows.
    """
    content = [*(c for c in table.columns if c not in (*table.key, "known_at")), IS_WITHDRAWN]
    said = known.filter(pl.struct(table.key).is_unique()).select(
        *table.key, *(pl.col(c).alias(f"_said_{c}") for c in (*content, "known_at", SEQUENCE)), _is_said=True
    )
    joined = incoming.join(said, on=table.key, how="left", nulls_equal=True, maintain_order="left")
    same = [pl.col(c).eq_missing(pl.col(f"_said_{c}")) for c in content]
    # Where the one known later wins, the same said earlier is news: it was known before it was thought to be.
    order = [pl.col(f"_said_{c}") <= pl.col(c) for c in ("known_at", SEQUENCE)]
    alone = pl.col("_is_said").fill_null(value=False) & pl.struct(table.key).is_unique()
    return joined.select(
        pl.all_horizontal(alone, *same, *([] if table.version else order)).alias("repeats")
    ).to_series()


def _dated(versions: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Versions without repeats, dated."""
    return superseded(_without_repeats(versions, table), table)


def superseded(versions: _Frame, table: Table) -> _Frame:
    """Versions with the instant from which another one of them is the row (`superseded_at`)."""
    ranked = versions.sort([*table.key, *rank(table)], descending=[False] * len(table.key) + [True] * len(rank(table)))
    # The first version of higher rank to become known ends this one; a state that arrives outdated ends at once.
    rival = pl.col("known_at").cum_min().shift(1).over(table.key)
    return ranked.with_columns(
        pl.max_horizontal(rival, pl.when(rival.is_not_null()).then("known_at")).alias(SUPERSEDED_AT)
    )


def _without_repeats(versions: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Versions without received rows that say nothing new.

    With a version column a state repeats another one when all content is equal, whenever it was known. Without one it
    repeats only the state directly before it, because A, B, A is a return to A.
    """
    content = [*(c for c in table.columns if c != "known_at"), IS_WITHDRAWN]
    scalars = [c for c in content if not versions.schema[c].is_nested()]
    # Sorting by content breaks ties between conflicting rows the same way in every order of arrival.
    stored_first = versions.sort([*table.key, "_new", "known_at", SEQUENCE, *scalars], maintain_order=True)
    unique = stored_first.unique(identity(table), keep="first", maintain_order=True)
    if table.version:
        return unique.unique(content, keep="first", maintain_order=True)
    in_time = unique.sort([*table.key, "known_at", SEQUENCE], maintain_order=True)
    state = pl.struct(content)
    repeats = state.eq_missing(state.shift(1).over(table.key)) & pl.col("_new")
    return in_time.filter(~repeats.fill_null(value=False))
