"""Delta tables at their lowest level: open, write, merge, each one atomic commit.

Here: what every use of `deltalake` shares (options, commit settings, names). Not here: what the tables mean (`lake`).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

import polars as pl
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

Value = str | int | date | datetime


class _LocalTable(DeltaTable):
    """A table in a folder of this machine.

    Polars opens its files by their paths; delta-rs gives addresses, in which a space is `%20`.
    """

    def file_uris(self, *args: Any, **kwargs: Any) -> list[str]:
        """The paths of the data files."""
        root = self.table_uri.removeprefix("file://")
        return [unquote(root) + uri.removeprefix(root) for uri in super().file_uris(*args, **kwargs)]


def open_table(uri: str, options: Mapping[str, str]) -> DeltaTable | None:
    """The Delta table at `uri`, or None where there is none yet."""
    kind = DeltaTable if "://" in uri else _LocalTable
    try:
        return kind(uri, storage_options=dict(options) or None)
    except TableNotFoundError:
        return None


def once(stream: str, sequence: int) -> CommitProperties:
    """Commit settings with an application transaction: (stream, sequence) is written with the data or not at all."""
    return CommitProperties(app_transactions=[Transaction(stream, sequence)])


def unchallenged() -> CommitProperties:
    """Commit settings that fail when anybody else committed since the table was read."""
    # Without this, delta-rs puts an append behind what others committed meanwhile. The rows were compared with an older
    # version of the table, so they could be in it twice.
    return CommitProperties(max_commit_retries=0)


def create(
    uri: str, schema: pl.Schema, options: Mapping[str, str], *, partition_by: Sequence[str], indexed: int
) -> None:
    """Creates an empty table; does nothing where it exists. `indexed`: how many leading columns get file statistics."""
    write_deltalake(
        uri,
        pl.DataFrame(schema=schema),
        mode="ignore",
        partition_by=list(partition_by),
        storage_options=dict(options) or None,
        configuration={"delta.dataSkippingNumIndexedCols": str(indexed)},
    )


def widen(table: DeltaTable, schema: pl.Schema) -> None:
    """Adds the columns of a schema that a table does not have yet, null in all its rows; in one commit, if any."""
    there = {column.name for column in table.schema().fields}
    new = pl.Schema({name: dtype for name, dtype in schema.items() if name not in there})
    if new:
        table.alter.add_columns(Schema.from_arrow(new).fields)


def tidy(table: DeltaTable, *, hours: int, keep_versions: Sequence[int]) -> int:
    """Compacts a table and deletes files older than so many hours that no kept version needs; returns how many."""
    # First, because the commits below may already delete old entries of the log.
    keep_log(table, keep=bool(keep_versions))
    table.optimize.compact()
    # In full: what a killed writer left, and what a checkpoint forgot, is in the folder but not in the log.
    deleted = table.vacuum(retention_hours=hours, dry_run=False, full=True, keep_versions=list(keep_versions))
    table.create_checkpoint()
    return len(deleted)


def keep_log(table: DeltaTable, *, keep: bool) -> None:
    """Sets whether log entries older than 30 days stay: without them an old version is lost although its files stay."""
    name, wanted = "delta.enableExpiredLogCleanup", "false" if keep else "true"
    if table.metadata().configuration.get(name, "true") != wanted:
        table.alter.set_table_properties({name: wanted})


def sql_literal(value: Value) -> str:
    """A value as a literal of Delta's predicate language."""
    if isinstance(value, datetime):
        return f"arrow_cast('{value.isoformat()}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def equals(where: Mapping[str, Value]) -> str:
    """A predicate that all named columns have the given values."""
    return " AND ".join(f'"{column}" = {sql_literal(value)}' for column, value in where.items())


def one_of(column: str, values: Sequence[Value]) -> str:
    """A predicate that a column has one of some values."""
    return f'"{column}" IN ({", ".join(map(sql_literal, values))})'


def not_before(column: str, since: datetime) -> str:
    """A predicate that an instant is `since` or later."""
    return f'"{column}" >= {sql_literal(since)}'


def write(table: str | DeltaTable, frame: pl.DataFrame, options: Mapping[str, str], **settings: Any) -> None:
    """`write_deltalake` with the lake's options."""
    write_deltalake(table, frame, storage_options=dict(options) or None, **settings)


def write_first(
    uri: str,
    frame: pl.DataFrame,
    options: Mapping[str, str],
    *,
    partition_by: Sequence[str] = (),
    transaction: tuple[str, int] | None = None,
) -> None:
    """Creates a table with its first rows, and with the application transaction that brought them.

    Raises:
        CommitFailedError: When another writer created it meanwhile, like any write that lost against another one.
    """
    transactions = [Transaction(*transaction)] if transaction else None
    alone = CommitProperties(max_commit_retries=0, app_transactions=transactions)
    settings = {"mode": "error", "partition_by": list(partition_by), "commit_properties": alone}
    try:
        write(uri, frame, options, **settings)
    except DeltaError as error:
        # delta-rs reports an existing table and a failed write by the same type.
        if open_table(uri, options) is None:
            raise
        raise CommitFailedError(f"{uri} was created by another writer") from error


def replace_entities(table: DeltaTable, fresh: pl.DataFrame, stale: pl.DataFrame, key: Sequence[str]) -> None:
    """Writes `fresh` rows over those of the same key and deletes the keys of `stale`, in one commit."""
    source = pl.concat([fresh.with_columns(_gone=False), stale.with_columns(_gone=True)], how="diagonal")
    columns = {column: f's."{column}"' for column in fresh.columns}
    merge = table.merge(
        source,
        predicate=" AND ".join(f't."{column}" = s."{column}"' for column in key),
        source_alias="s",
        target_alias="t",
        commit_properties=unchallenged(),
    )
    merge = merge.when_matched_delete("s._gone = true").when_matched_update(columns, "s._gone = false")
    merge.when_not_matched_insert(columns, "s._gone = false").execute()


def replace_rows(table: DeltaTable, rows: Any) -> None:
    """Writes other rows over all of a table in one commit; fails when anybody else committed since it was read.

    Args:
        table: The table.
        rows: Arrow record batches in its schema.
    """
    write_deltalake(table, rows, mode="overwrite", commit_properties=unchallenged())
