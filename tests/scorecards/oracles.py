"""Oracles in SQL: what a key figure's rows should be, asked of the same tables by DuckDB, in another way."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl

_FOLDER = Path(__file__).parent / "oracle"


def asked(name: str, tables: Mapping[str, pl.DataFrame | pl.LazyFrame]) -> pl.DataFrame:
    """What the oracle of a name answers; tables go by their names without their room."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for full, frame in tables.items():
            connection.register(full.rpartition("/")[2], frame.lazy().collect().to_arrow())
        answer = connection.sql((_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
        return pl.DataFrame(answer.to_arrow_table())
