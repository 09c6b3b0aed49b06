"""Reports whose rows fill each other: sources that send one row per channel, and values that arrive later.

Here: pure arithmetic on rows of tables that are kept by day (`Table.is_daily`). Not here: reading and writing them
(`resources.daily`), and rows that say otherwise than another of the same file
(`opsguard_assets.intake.accepting.conflicts`).

A row says what its filled columns say, and nothing of the others. What is known of a report is, column by column and
channel by channel, the last word on it in the order of (`known_at`, `_sequence`, `_arrival`). A version holds all that
was known of its report. A row that repeats the version before it is not kept: a source that
sends all of its rows every day would otherwise fill the lake. So where a late row comes to stand between the two, it
counts until the source says the value again.
"""

from dataclasses import dataclass

import polars as pl

from opsguard_assets.tables.table import Table
from opsguard_assets.tables.versions import ARRIVAL, IS_WITHDRAWN, LOADED_AT, SEQUENCE, rank

# How many received rows a version was made of; none where it only carries a late word on to a later version.
ROWS = "_rows"
_ENTRY, _PLACE, _LIFE, _NEW, _TIED = "_entry", "_place", "_life", "_new", "_tied"


@dataclass(frozen=True)
class Filled:
    """What received rows add to reports.

    Attributes:
        added: New versions (contract columns, hidden columns but `superseded_at`, `_rows`).
        accepted: Received rows that they were made of.
        unchanged: Received rows that say nothing new.
    """

    added: pl.DataFrame
    accepted: int
    unchanged: int


def fill(known: pl.DataFrame, incoming: pl.DataFrame, table: Table) -> Filled:
    """What `incoming` rows add to the `known` versions of the same reports.

    Args:
        known: All stored versions of these reports (contract columns and hidden columns).
        incoming: Received rows in contract columns with the hidden columns but `superseded_at`.
        table: A table that is kept by day.

    Returns:
        The new versions. Rows of one report and one instant of knowledge become one version. Independent of row order,
        and repeating it with the same `incoming` on the result adds nothing.
    """
    key = list(table.key)
    merged_rows = merged(incoming, table)
    is_known = merged_rows.join(
        known.select(key).unique().with_columns(_known_channels=True), on=key, how="left", maintain_order="left"
    )
    contested = is_known.select(pl.col("_known_channels").is_not_null() | pl.struct(key).is_duplicated()).to_series()
    added = merged_rows.filter(~contested)
    if contested.any():
        added = pl.concat([added, _revised(known, merged_rows.filter(contested), table).select(added.columns)])
    accepted = int(added[ROWS].sum())
    return Filled(added, accepted, len(incoming) - accepted)


def merged(incoming: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Received rows with `_rows`, those of one report and instant of knowledge put together; the last word counts."""
    several = incoming.select(pl.struct(table.key).is_duplicated()).to_series()
    counted = incoming.with_columns(pl.lit(1, pl.Int64).alias(ROWS))
    if not several.any():
        return counted
    scalars, nested = _content(table)
    group = [*table.key, "known_at", SEQUENCE, IS_WITHDRAWN]
    # Rows that nothing tells apart but what they say: the least counts, whatever their order.
    rows = counted.filter(several).sort(scalars, descending=True, nulls_last=True).sort(ARRIVAL, maintain_order=True)
    rows = rows.with_columns(_said=pl.struct(*scalars, *nested).hash(1)).with_row_index(_PLACE)
    together = rows.group_by(group, maintain_order=True).agg(
        *(pl.col(column).drop_nulls().last() for column in scalars),
        pl.col(ARRIVAL).max(),
        pl.col(LOADED_AT).last(),
        pl.min_horizontal(pl.col("_said").n_unique(), pl.col(ARRIVAL).n_unique()).cast(pl.Int64).alias(ROWS),
    )
    for column in nested:
        together = together.join(_united(rows, group, column), on=group, how="left", nulls_equal=True)
    return pl.concat([counted.filter(~several), together.select(counted.columns)])


def _content(table: Table) -> tuple[list[str], list[str]]:
    """The columns that say something: plain ones, and lists of (`channel`, `value`)."""
    columns = [c for c in table.columns if c not in (*table.key, "known_at")]
    nested = [c for c in columns if table.dtypes[c].is_nested()]
    return [c for c in columns if c not in nested], nested


def _entries(rows: pl.DataFrame, by: list[str], column: str) -> pl.DataFrame:
    """The entries of a column of lists, one per row: `by`, `_place`, `channel`, `value`."""
    filled = rows.filter(pl.col(column).list.len() > 0).select(
        *dict.fromkeys([*by, _PLACE]), pl.col(column).alias(_ENTRY)
    )
    return filled.explode(_ENTRY).unnest(_ENTRY)


def _united(rows: pl.DataFrame, by: list[str], column: str) -> pl.DataFrame:
    """The entries of all rows of a group as one list, of each channel the last known value."""
    last = (
        _entries(rows, by, column)
        .sort(_PLACE, maintain_order=True)
        .group_by(*by, "channel", maintain_order=True)
        .agg(pl.col("value").drop_nulls().last())
    )
    return _listed(last, by, column)


def _listed(entries: pl.DataFrame, by: list[str], column: str) -> pl.DataFrame:
    """Entries as one list per group, in the order of channels."""
    return entries.sort("channel").group_by(by, maintain_order=True).agg(pl.struct("channel", "value").alias(column))


def _revised(known: pl.DataFrame, rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The versions that received rows add to reports of which something is known."""
    key, order = list(table.key), rank(table)
    columns = [*table.columns, SEQUENCE, IS_WITHDRAWN, ARRIVAL, LOADED_AT]
    mine = known.join(rows.select(key).unique(), on=key, how="semi").select(columns)
    chain = (
        pl.concat(
            [mine.with_columns(pl.lit(0, pl.Int64).alias(ROWS), _new=False), rows.select(*columns, ROWS, _new=True)]
        )
        .sort([*key, *order, _NEW])
        .with_columns(
            # What nothing tells from a stored version comes before it: it only fills what that leaves open.
            (pl.struct(*key, *order) == pl.struct(*key, *order).shift(1)).fill_null(value=False).alias(_TIED),
            pl.col(IS_WITHDRAWN).cum_sum().over(key).alias(_LIFE),
        )
        .with_row_index(_PLACE)
    )
    scalars, nested = _content(table)
    chain = chain.with_columns(_own_lists(chain, column) for column in nested)
    whole = _filled_forward(chain, table)
    content = [*scalars, *nested]
    # What the version before shows: a stored one what is stored.
    shown = {c: whole[c].zip_with(chain[_NEW], chain[c]).shift(1) for c in content}
    beside = [pl.col(c).eq_missing(pl.col(c).shift(1)) for c in (*key, IS_WITHDRAWN)]
    adds_nothing = pl.all_horizontal(pl.col(c).eq_missing(shown[c]) for c in content)
    says_the_same = pl.all_horizontal(pl.lit(chain[c].eq_missing(shown[c])) for c in content)
    repeats = pl.all_horizontal(*beside, adds_nothing | says_the_same | pl.col(IS_WITHDRAWN))
    said = pl.all_horizontal(pl.col(c).eq_missing(_known_channels(chain, c)) for c in content)
    # A late report that was known earlier changes the versions that were known after it, too.
    behind = pl.col(ARRIVAL).filter(pl.col(_NEW)).max().over(key)
    judged = whole.with_columns(
        _repeats=repeats,
        _changes=~pl.col(_NEW) & ~said & ~pl.col(IS_WITHDRAWN),
        # Changed versions have the `known_at` of those that they replace, so they must outrank them by arrival.
        _after=pl.max_horizontal(ARRIVAL, behind) + 1,
        _loaded=pl.col(LOADED_AT).filter(pl.col(_NEW)).max().over(key),
    )
    new = judged.filter(pl.col(_NEW) & ~pl.col("_repeats")).with_columns(pl.col(ARRIVAL) + pl.col(_TIED).cast(pl.Int64))
    changed = judged.filter("_changes").with_columns(
        pl.col("_after").alias(ARRIVAL), pl.col("_loaded").alias(LOADED_AT)
    )
    return pl.concat([new, changed])


def _known_channels(chain: pl.DataFrame, column: str) -> pl.Series:
    """A column without channels of unknown value, which say nothing."""
    if not chain.schema[column].is_nested():
        return chain[column]
    rows = chain.with_columns(pl.col(column).list.eval(pl.element().filter(pl.element().struct["value"].is_not_null())))
    return _own_lists(rows, column)


def _filled_forward(chain: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Versions in order, each with all that was known by then; a withdrawn one as it is, and nothing from before it."""
    scalars, nested = _content(table)
    life = [*table.key, _LIFE]
    own = [pl.when(_TIED).then(pl.coalesce(pl.col(c).shift(1), c)).otherwise(c).alias(c) for c in scalars]
    ended = pl.col(IS_WITHDRAWN)
    open_only = chain.with_columns(own).with_columns(pl.when(~ended).then(pl.col(c)).alias(c) for c in scalars)
    filled = open_only.with_columns(pl.col(c).forward_fill().over(life) for c in scalars)
    whole = chain.with_columns(pl.when(ended).then(pl.col(c)).otherwise(filled[c]).alias(c) for c in scalars)
    for column in nested:
        whole = whole.with_columns(_lists(chain.filter(~ended), whole, life, column))
    return whole


def _own_lists(chain: pl.DataFrame, column: str) -> pl.Series:
    """A column of lists with the channels of each in one order; null where there is none."""
    lists = _united(chain, [_PLACE], column)
    return chain.select(_PLACE).join(lists, on=_PLACE, how="left", maintain_order="left")[column]


def _lists(chain: pl.DataFrame, whole: pl.DataFrame, life: list[str], column: str) -> pl.Series:
    """A column of lists with, for every version, the entries that were known by then; those of `whole` elsewhere."""
    said = _entries(chain, [*life, _TIED], column).rename({_PLACE: "_said"})
    # A tied row stands behind the stored one before it.
    # At place p that is 2p - 3: just below 2(p - 1) of the stored row, and above everything before it.
    ranked = said.with_columns(_rank=pl.col("_said").cast(pl.Int64) * 2 - pl.col(_TIED).cast(pl.Int64) * 3).drop(_TIED)
    heard = (
        chain.select(*life, _PLACE).join(ranked.drop_nulls("value"), on=life).filter(pl.col("_said") <= pl.col(_PLACE))
    )
    last = (
        heard.sort(_PLACE, "_rank")
        .group_by(_PLACE, "channel", maintain_order=True)
        .agg(pl.col("value").drop_nulls().last())
    )
    lists = _listed(last, [_PLACE], "_united")
    joined = whole.join(lists, on=_PLACE, how="left", maintain_order="left")
    return joined.select(pl.coalesce("_united", column).alias(column)).to_series()
