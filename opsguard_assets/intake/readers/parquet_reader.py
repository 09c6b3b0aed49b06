"""Reads Parquet: values keep their types as far as raw columns have them (`raw.types`).

Here: row groups to records, a batch at a time. Not here: opening the file (`opening`).

`_position` is the row number in the file, from 1.
"""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from opsguard_assets.intake.raw.received import Opened, SourceError
from opsguard_assets.intake.raw.spool import Part, check_distinct
from opsguard_assets.intake.readers.holdable import UnknownTypeError, hold
from resources.room import stored_in

BATCH_ROWS = 100_000


def read_parquet(file: Opened, part: Part) -> None:
    """Reads one file into a part; a row with a value that no table can store is damaged, with its reason.

    Raises:
        SourceError: When the file is cut or damaged, two of its columns are one by name, or one is of an unknown type.
        StorageError: When the records cannot be written.
    """
    try:
        _read(file, part)
    except UnknownTypeError as error:
        raise SourceError(f"{file.origin}: {error}, which cannot be read. Export it as text or numbers.") from error
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        said = str(error).splitlines()[0]
        raise SourceError(
            f"{file.origin}: the Parquet file is cut or damaged ({said}). Deliver it again, whole."
        ) from error


def _read(file: Opened, part: Part) -> None:
    # Timestamps of old writers (INT96) reach beyond what nanoseconds can count, and would become other ones.
    with stored_in(part.folder), pq.ParquetFile(file.path, coerce_int96_timestamp_unit="us") as parquet:
        schema = parquet.schema_arrow
        check_distinct(list(schema.names), file.origin)
        _add(pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], names=schema.names), part)
        for batch in parquet.iter_batches(BATCH_ROWS):
            _add(batch, part)


def _add(batch: pa.RecordBatch, part: Part) -> None:
    held = hold(batch)
    numbers = [part.rows + number + 1 for number in held.numbers]
    if held.rows.num_rows or not part.columns:
        part.add(pl.DataFrame(held.rows))
    part.gaps += numbers
    part.add_damaged(numbers, held.reasons, held.texts)
