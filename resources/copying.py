"""Rows in bulk between Polars and a transaction of PostgreSQL, by COPY.

Here: both directions. Not here: which table, and what its columns mean. Texts must hold no NUL character.
"""

import io
from typing import Any

import polars as pl
from sqlalchemy import Connection


def copy_in(connection: Connection, table: str, rows: pl.DataFrame) -> None:
    """Appends rows to a table, in the order of its columns; lists and structs must be JSON texts.

    Args:
        connection: An open transaction.
        table: The table, a name of the program.
        rows: All columns of the table.
    """
    with _cursor(connection) as cursor, cursor.copy(f"COPY {table} FROM STDIN WITH (FORMAT csv)") as copy:
        # COPY reads an unquoted empty field as null, a quoted one as an empty text.
        copy.write(rows.write_csv(include_header=False, quote_style="non_numeric"))


def copy_out(connection: Connection, table: str, schema: pl.Schema) -> pl.DataFrame:
    """All rows of a table; an empty text becomes null.

    Args:
        connection: An open transaction.
        table: The table, a name of the program.
        schema: Its columns in order: numbers, booleans, texts, and instants (UTC).
    """
    instants = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)]
    flags = [name for name, dtype in schema.items() if dtype == pl.Boolean]
    read = pl.Schema({name: pl.String() if name in (*instants, *flags) else dtype for name, dtype in schema.items()})
    with _cursor(connection) as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'")
        with cursor.copy(f"COPY {table} TO STDOUT WITH (FORMAT csv)") as copy:
            text = io.BytesIO(b"".join(copy))
    if not text.getbuffer().nbytes:
        return schema.to_frame()
    rows = pl.read_csv(text, has_header=False, schema=read)
    moments = [pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us") for name in instants]
    return rows.with_columns(*moments, *(pl.col(name) == "t" for name in flags)).cast(schema)


def _cursor(connection: Connection) -> Any:
    raw: Any = connection.connection.driver_connection
    return raw.cursor()
