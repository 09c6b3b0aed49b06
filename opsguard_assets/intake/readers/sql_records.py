"""Reads the new rows of a table or view of a database into a spool.

Here: one pass over the relation, what is remembered of it, errors in words. Not here: what is asked of the database
(`sql_cursor`), what its values become (`sql_values`), whether there is anything new (`probe`).

With a cursor column, rows at the newest value seen are read again, because more rows of the same instant may have
followed. Without one the whole relation is read every time, and arrives when anything in it has changed.
"""

import json
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from opsguard_assets.config.sources import SqlSource
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.raw.row_memory import RowMemory
from opsguard_assets.intake.raw.spool import Part, Spool
from opsguard_assets.intake.readers.sql_address import connected, relation_of
from opsguard_assets.intake.readers.sql_cursor import Cursor, asked, reflected
from opsguard_assets.intake.readers.sql_values import Values, values_of

_STATE = "cursor"


def read(source: SqlSource, state: MutableMapping[str, Any], spool: Spool) -> None:
    """Reads what is new since the cursor that the running pipeline remembers.

    Args:
        source: The relation.
        state: What the source remembers between loads; it moves with the load.
        spool: Where the rows go.

    Raises:
        SourceError: When the database, the relation or the cursor column cannot be read.
    """
    part = spool.part(relation_of(source))
    memory = RowMemory.of(state, has_cursor=source.cursor is not None)
    with connected(source) as connection:
        newest = _read(source, connection, _last(source, state), memory, part)
    if memory.is_as_before():
        return
    if source.brings_lists and "arrived" in state and not part.rows:
        raise SourceError(
            f"Source {source.name}: {relation_of(source)} holds no row. As a complete list that would withdraw "
            "everything; nothing is withdrawn. Fill it again, or take `snapshot` out."
        )
    memory.keep(state)
    if source.cursor is not None:
        state[_STATE] = {"column": source.cursor, "relation": relation_of(source), "value": newest}
    spool.keep(part)


def _last(source: SqlSource, state: MutableMapping[str, Any]) -> Any:
    """The newest value of the last time; None where another column or relation was read then."""
    last = state.get(_STATE, {})
    is_same = (last.get("column"), last.get("relation")) == (source.cursor, relation_of(source))
    return last.get("value") if is_same else None


def _read(source: SqlSource, connection: sa.Connection, last: Any, memory: RowMemory, part: Part) -> Any:
    """Adds what is new to the part; the newest value of the cursor."""
    relation = reflected(source, connection)
    columns = [asked(column, connection.dialect.name) for column in relation.columns]
    cursor = Cursor.of(source, relation, connection)
    newest = cursor.newest(connection, last, datetime.now(UTC)) if cursor else None
    again = cursor.not_before(newest) if cursor else sa.true()
    since = cursor.not_before(last) if cursor else sa.true()
    labelled = [column.expression.label(f"c{place}") for place, column in enumerate(columns)]
    query = sa.select(sa.case((again, 1), else_=0).label("again"), *labelled).select_from(relation).where(since)
    result = connection.execution_options(stream_results=True, max_row_buffer=source.chunk_rows).execute(query)
    names, kinds = [column.name for column in columns], [column.kind for column in columns]
    number = 0
    for rows in result.partitions(source.chunk_rows):
        values = values_of([row[1:] for row in rows], names, kinds)
        marked = pl.Series([row[0] == 1 for row in rows])
        number = _add(values, memory.unseen(values.as_text, marked), number, part)
    return newest


def _add(values: Values, wanted: pl.Series, number: int, part: Part) -> int:
    """Adds the wanted rows of a batch; the number of the last one."""
    numbers = pl.Series(np.where(wanted, number + np.cumsum(wanted), 0), dtype=pl.Int64)
    damaged, odd = wanted & values.damage.is_not_null(), wanted & values.is_odd & values.damage.is_null()
    own = wanted & ~damaged & ~odd
    if own.any():
        part.add(values.frame.filter(own), numbers.filter(own))
    if odd.any():
        beside = [name for name in values.odd.columns if values.odd[name].filter(odd).null_count() < odd.sum()]
        part.add(values.frame.with_columns(values.as_text.select(beside)).filter(odd), numbers.filter(odd))
    if damaged.any():
        texts = [json.dumps(row, ensure_ascii=False) for row in values.as_text.filter(damaged).iter_rows(named=True)]
        part.add_damaged(numbers.filter(damaged).to_list(), values.damage.filter(damaged).to_list(), list(texts))
    return number + int(wanted.sum())
