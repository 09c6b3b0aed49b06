"""Reads the new rows of a table or view of a database into a spool.

Here: dlt's SQL source with a cursor, errors in words. Not here: whether there is anything new (`probe`).

With a cursor column, rows at the newest value seen are read again, because more rows of the same instant may have
followed. Without one the whole relation is read every time, and arrives when anything in it has changed.
"""

from collections.abc import MutableMapping
from typing import Any

import dlt
import polars as pl
from dlt.common.exceptions import DltException
from dlt.sources.sql_database import sql_table
from sqlalchemy import Engine
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from opsguard_assets.config.sources import SqlSource
from opsguard_assets.intake.received import SourceError, cause_of
from opsguard_assets.intake.row_memory import RowMemory
from opsguard_assets.intake.spool import Spool
from opsguard_assets.intake.sql_address import engine_of, reason_of, relation_of


def read(source: SqlSource, state: MutableMapping[str, Any], spool: Spool) -> None:
    """Reads what is new since the cursor that the running pipeline remembers.

    Args:
        source: The relation.
        state: What the source remembers between loads; it moves with the load.
        spool: Where the rows go.

    Raises:
        SourceError: When the database, the relation or the cursor column cannot be read.
    """
    part, memory = spool.part(relation_of(source)), RowMemory.of(state, source.cursor)
    engine = engine_of(source)
    try:
        for table in _rows(source, engine):
            rows = memory.unseen(pl.DataFrame(table))
            if len(rows):
                part.add(rows)
    except Exception as error:
        if cause_of(error, NoSuchTableError):
            raise SourceError(
                f"Source {source.name}: there is no table or view {relation_of(source)}. Correct `table` and `schema`."
            ) from None
        said = cause_of(error, SQLAlchemyError) or cause_of(error, DltException)
        if said is None:
            raise
        raise SourceError(f"Source {source.name}: {reason_of(said)}") from None
    finally:
        engine.dispose()
    if memory.is_as_before():
        return
    if source.brings_lists and "arrived" in state and not part.rows:
        raise SourceError(
            f"Source {source.name}: {relation_of(source)} holds no row. As a complete list that would withdraw "
            "everything; nothing is withdrawn. Fill it again, or take `snapshot` out."
        )
    memory.keep(state)
    spool.keep(part)


def _rows(source: SqlSource, engine: Engine) -> Any:
    incremental = (
        dlt.sources.incremental(source.cursor, primary_key=(), on_cursor_value_missing="include", row_order=None)
        if source.cursor
        else None
    )
    return sql_table(
        credentials=engine,
        table=source.relation,
        schema=source.db_schema,
        incremental=incremental,
        chunk_size=source.chunk_rows,
        backend="pyarrow",
        reflection_level="full_with_precision",
    )
