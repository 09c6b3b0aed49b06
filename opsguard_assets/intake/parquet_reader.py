"""Reads Parquet: values keep their types as far as raw columns have them (`raw_types`).

Here: row groups to records, a batch at a time. Not here: opening the file (`opening`).

`_position` is the row number in the file, from 1.
"""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from opsguard_assets.intake.received import Opened, SourceError
from opsguard_assets.intake.spool import Part, check_distinct

BATCH_ROWS = 100_000


def read_parquet(file: Opened, part: Part) -> None:
    """Reads one file into a part.

    Raises:
        SourceError: When the file is cut or damaged, or two of its columns are one by name.
    """
    try:
        with pq.ParquetFile(file.path) as parquet:
            columns = list(parquet.schema_arrow.names)
            check_distinct(columns, file.origin)
            for batch in parquet.iter_batches(BATCH_ROWS):
                part.add(pl.DataFrame(_within_polars(pa.table(batch))))
            if not part.columns:
                part.add(pl.DataFrame(_within_polars(parquet.schema_arrow.empty_table())))
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0]
        raise SourceError(
            f"{file.origin}: the Parquet file is cut or damaged ({said}). Deliver it again, whole."
        ) from error


def _within_polars(table: pa.Table) -> pa.Table:
    """Decimals of more than 38 digits, which Polars does not have, as text: that is what raw columns make of them."""
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal256(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    return table
