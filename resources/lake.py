"""The lake: Delta tables under one URI, a folder or an object store.

Here: canonical tables with two clocks, and derived frames that are replaced by slice or appended once. Not here: what
any column means, and Dagster. Every write is one commit: a crash leaves the old state, a repetition changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TypeVar

import dataframely as dy
import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from opsguard_assets.tables.reports import ROWS
from opsguard_assets.tables.table import S_co, Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import HIDDEN, LOADED_AT
from resources import canonical, daily, delta
from resources.canonical import Slices
from resources.daily import Daily
from resources.written import Recorded, Tidied

# Who follows loads by time must see them in the order in which they were recorded, and what a tick saw must be what was
# known at its moment: one writer of tables at a time, and none beside a tick.
TABLES_LOCK = "opsguard tables"
_ATTEMPTS = 20
_T = TypeVar("_T")


class LakeError(RuntimeError):
    """The lake cannot do what was asked; the message says what to do."""


class TableMissingError(LakeError):
    """A derived table was read before anything wrote it."""


@dataclass(frozen=True)
class Lake:
    """All tables under one URI.

    Attributes:
        uri: A folder, or `s3://…` and the like.
        storage_options: Credentials and endpoints in the words of object_store; hidden from repr.
        recorded_upto: Canonical tables are read as they had been recorded by then; None: as now.
        derived_versions: Derived tables are read in these versions, and others are not there; None: as now.
    """

    uri: str
    storage_options: Mapping[str, str] | None = None
    recorded_upto: datetime | None = None
    derived_versions: Mapping[str, int] | None = None

    def __repr__(self) -> str:
        """Without credentials."""
        return f"Lake({self.uri!r})"

    def as_recorded(self, upto: datetime | None) -> "Lake":
        """The same lake with its canonical tables as they had been recorded by an instant; for reading only."""
        return replace(self, recorded_upto=upto)

    def at(self, versions: Mapping[str, int], recorded_upto: datetime) -> "Lake":
        """The same lake as a snapshot of it was: records by an instant, derived tables by version; for reading only."""
        return replace(self, recorded_upto=recorded_upto, derived_versions=dict(versions))

    def uri_of(self, name: str) -> str:
        """Where the table `name` lives."""
        return f"{self.uri.rstrip('/')}/{name}"

    @cached_property
    def _options(self) -> Mapping[str, str]:
        return dict(self.storage_options or {})

    def _open(self, name: str) -> DeltaTable | None:
        table = delta.open_table(self.uri_of(name), self._options)
        if table is None or self.derived_versions is None or name.startswith(canonical.FOLDER):
            return table
        if name not in self.derived_versions:
            return None
        table.load_as_version(self.derived_versions[name])
        return table

    def exists(self, name: str) -> bool:
        """Whether anything was ever written under `name`."""
        return self._open(name) is not None

    def scan(self, name: str, *, version: int | None = None) -> pl.LazyFrame:
        """The rows of a derived or raw table, as now or as of one of its versions.

        Raises:
            TableMissingError: When nothing was ever written under `name`.
        """
        table = self._open(name)
        if table is None:
            raise TableMissingError(f"{name} is not in {self.uri} yet; materialise the asset that writes it first")
        if version is not None:
            table.load_as_version(version)  # scan_delta ignores its own `version` for a table that is open
        return pl.scan_delta(table)

    def rows_at(self, table: Table[S_co], as_of: datetime) -> dy.DataFrame[S_co]:
        """The rows that a tick wrote into a derived table (`replace_slice` by `date` and `as_of`).

        No rows if the table does not exist yet: before the first tick that is no error. A caller that needs a tick asks
        the record of ticks.

        Args:
            table: A table with `as_of`, partitioned by its `date`.
            as_of: The moment of the tick, UTC.
        """
        stored = self._open(table.derived_name)
        if stored is None:
            return table.empty()
        moment = pl.lit(as_of, INSTANT)
        rows = pl.scan_delta(stored).filter(pl.col("date") == as_of.date(), pl.col("as_of") == moment)
        return table.typed(rows).collect()

    def version(self, name: str) -> int | None:
        """The newest version number of a table; None where it does not exist."""
        table = self._open(name)
        return None if table is None else table.version()

    def append_once(
        self, name: str, frame: pl.DataFrame, *, stream: str, sequence: int, partition_by: Sequence[str] = ()
    ) -> bool:
        """Appends `frame` unless (stream, sequence) or a later sequence of the stream was appended before.

        Returns:
            Whether the frame was appended by this call.
        """

        def attempt() -> bool:
            table = self._open(name)
            if table is None:
                uri, mark = self.uri_of(name), (stream, sequence)
                delta.write_first(uri, frame, self._options, partition_by=partition_by, transaction=mark)
                return True
            done = table.transaction_version(stream)
            if done is not None and done >= sequence:
                return False
            settings = {"mode": "append", "schema_mode": "merge", "commit_properties": delta.once(stream, sequence)}
            delta.write(table, frame, self._options, **settings, partition_by=list(partition_by) or None)
            return True

        return self._write(attempt, name)

    def appended_up_to(self, name: str, stream: str) -> int | None:
        """The greatest sequence of `stream` that `append_once` wrote to the table."""
        table = self._open(name)
        return None if table is None else table.transaction_version(stream)

    def replace_slice(
        self,
        name: str,
        frame: pl.DataFrame,
        *,
        where: Mapping[str, delta.Value],
        partition_by: Sequence[str] = (),
    ) -> None:
        """Replaces the rows whose columns equal `where` by `frame`, in one commit.

        Raises:
            LakeError: When `frame` holds a row outside the slice.
        """
        outside = frame.filter(~pl.all_horizontal(pl.col(c).eq_missing(pl.lit(v)) for c, v in where.items()))
        if len(outside):
            raise LakeError(f"{name}: {len(outside)} rows lie outside the slice {dict(where)}; nothing was written")

        def attempt() -> None:
            table = self._open(name)
            if table is None:
                delta.write_first(self.uri_of(name), frame, self._options, partition_by=partition_by)
                return
            predicate = delta.equals(where)
            delta.write(table, frame, self._options, mode="overwrite", schema_mode="merge", predicate=predicate)

        self._write(attempt, name)

    def replace(self, name: str, frame: pl.DataFrame, *, partition_by: Sequence[str] = ()) -> None:
        """Replaces a whole derived table, in one commit."""
        settings = {"mode": "overwrite", "schema_mode": "overwrite", "partition_by": list(partition_by)}
        self._write(lambda: delta.write(self.uri_of(name), frame, self._options, **settings), name)

    def replace_entities(self, name: str, frame: pl.DataFrame, *, entities: pl.DataFrame, key: Sequence[str]) -> None:
        """Replaces all rows of some entities by `frame`, in one commit.

        Args:
            name: A derived table with several rows per entity.
            frame: The new rows.
            entities: The distinct values of the columns that identify an entity; those without new rows lose theirs.
            key: The columns that identify a row of the table; they begin with those of `entities`.

        Raises:
            LakeError: When other writers keep changing the table.
        """

        def attempt() -> None:
            table = self._open(name)
            if table is None:
                delta.write_first(self.uri_of(name), frame, self._options)
                return
            before = pl.scan_delta(table).join(entities.lazy(), on=entities.columns, how="semi").select(key)
            stale = before.join(frame.lazy(), on=key, how="anti").collect()
            delta.replace_entities(table, frame, stale, key)

        self._write(attempt, name)

    def forget(self, name: str, column: str, before: date) -> int:
        """Deletes the rows of a derived table whose `column` lies before a day, in one commit; returns how many."""
        self._refuse_the_past(name)
        table = self._open(name)
        if table is None:
            raise TableMissingError(f"{name} is not in {self.uri}; there is nothing to forget")
        return int(table.delete(f"{column} < '{before.isoformat()}'")["num_deleted_rows"])

    def forget_values(self, name: str, column: str, values: Sequence[str]) -> int:
        """Deletes the rows of a derived or raw table whose `column` holds one of some texts; returns how many.

        In one commit, also beside somebody who appends.

        Raises:
            TableMissingError: When nothing was ever written under `name`.
            LakeError: When other writers keep changing the table.
        """

        def attempt() -> int:
            table = self._open(name)
            if table is None:
                raise TableMissingError(f"{name} is not in {self.uri}; there is nothing to forget")
            return int(table.delete(delta.one_of(column, values))["num_deleted_rows"])

        return self._write(attempt, name)

    def forget_from(self, name: str, column: str, since: datetime) -> int:
        """Deletes the rows of a derived table whose instant `column` is `since` or later; returns how many.

        In one commit; a table that does not exist yet has none.
        """
        self._refuse_the_past(name)
        table = self._open(name)
        return 0 if table is None else int(table.delete(delta.not_before(column, since))["num_deleted_rows"])

    def tidy(self, name: str, *, retention_days: int, keep_versions: Sequence[int]) -> Tidied:
        """Compacts small files and deletes those that neither a recent nor a kept version needs.

        Raises:
            TableMissingError: When nothing was ever written under `name`.
        """
        self._refuse_the_past(name)
        table = self._open(name)
        if table is None:
            raise TableMissingError(f"{name} is not in {self.uri}; there is nothing to tidy")
        before = len(table.file_uris())
        gone = delta.tidy(table, hours=retention_days * 24, keep_versions=keep_versions)
        return Tidied(name, before, len(table.file_uris()), gone, len(keep_versions))

    def known(
        self, table: Table[S_co], as_of: datetime | None = None, *, live_only: bool = False
    ) -> dy.LazyFrame[S_co]:
        """The newest version of every key that was known at `as_of`, in contract columns.

        Args:
            table: A canonical table.
            as_of: The instant of knowledge, UTC; None for everything recorded until now.
            live_only: Only the rows that `table.is_live` selects. What they cost does not grow with history.
        """
        stored = self._stored(table)
        return table.empty().lazy() if stored is None else table.typed(stored.known(as_of, live_only=live_only))

    def versions(self, table: Table) -> pl.LazyFrame:
        """All versions ever recorded: contract columns, `_sequence`, `_loaded_at`, `superseded_at`."""
        stored = self._stored(table)
        rows = canonical.empty_versions(table).lazy() if stored is None else stored.versions()
        return rows.select(*table.columns, *HIDDEN)

    def touched(self, table: Table, *, after: datetime | None, upto: datetime) -> pl.LazyFrame:
        """The distinct keys of which a version was loaded in (`after`, `upto`]; from the beginning where it is None."""
        stored = self._stored(table)
        rows = table.empty().lazy() if stored is None else stored.arrived(after, upto)
        return rows.select(table.key).unique()

    def loaded_upto(self, table: Table) -> datetime | None:
        """The instant of the newest load into a table; None before the first."""
        stored = self._stored(table)
        return None if stored is None else stored.loaded_upto()

    def newest_row(self, table: Table) -> datetime | None:
        """The date of the newest row of a table, by the statistics of its files alone; None before the first.

        It is the greatest value of the version column, or of the time of a report, but never later than the row became
        known, because clocks of devices run ahead. Tables without either use when rows became known.
        """
        stored = self._open(canonical.folder(table))
        if stored is None:
            return None
        dated = table.version or (table.happened_at if table.is_daily else None)
        if self.recorded_upto is not None:
            # Statistics of files know nothing of what had been recorded by then.
            read = [name for name in (dated, "known_at") if name]
            then = self.versions(table).select(pl.col(read).max()).collect()
            return min((at for at in then.row(0) if at is not None), default=None)
        files = pl.DataFrame(stored.get_add_actions(flatten=True))
        # A table without rows has no statistics.
        newest = [files[name].cast(INSTANT).max() for name in (f"max.{dated}", "max.known_at") if name in files.columns]
        found = [at for at in newest if isinstance(at, datetime)]
        return min(found, default=None)

    def has_hindsight(self, table: Table, as_of: datetime) -> bool:
        """Whether rows were loaded after `as_of` that claim to have been known by then: imported history."""
        stored = self._stored(table)
        if stored is None:
            return False
        late = stored.arrived(as_of, None).filter(pl.col("known_at") <= pl.lit(as_of, INSTANT))
        return not late.head(1).collect().is_empty()

    def recorded_rows(self, table: Table, instants: Sequence[datetime]) -> int:
        """How many received rows were recorded under some load instants."""
        stored = self._stored(table)
        if stored is None or not instants:
            return 0
        rows = stored.arrived(min(instants) - timedelta(microseconds=1), max(instants))
        counted = pl.col(ROWS).sum() if table.is_daily else pl.len()
        return int(rows.filter(pl.col(LOADED_AT).is_in(list(instants))).select(counted).collect().item())

    def daily(self, table: Table) -> Daily:
        """A daily table, whose stretches of time can be read without the rest.

        Raises:
            LakeError: When the table is not kept by day.
        """
        if not table.is_daily:
            raise LakeError(f"{table.name} is not kept by day; read it with known() or versions()")
        folder = canonical.folder(table)
        return Daily(table, self.uri_of(folder), self._open(folder), self._options, self.recorded_upto)

    def _stored(self, table: Table) -> Slices | Daily | None:
        if table.is_daily:
            by_day = self.daily(table)
            return None if by_day.stored is None else by_day
        stored = self._open(canonical.folder(table))
        return None if stored is None else Slices(table, stored, self.recorded_upto)

    def record(self, table: Table, rows: pl.DataFrame, *, loaded_at: datetime) -> Recorded:
        """Adds the versions among `rows` that are new and closes those that they supersede, in one commit.

        Args:
            table: The canonical table.
            rows: Contract columns including `known_at`, `_sequence` where the source orders equal instants, and
                `_is_withdrawn` for rows that are no longer believed.
            loaded_at: The load instant, UTC.

        Raises:
            LakeError: When other writers keep changing the table, or this lake is one of the past.
        """
        if self.recorded_upto is not None:
            raise LakeError(f"{table.name}: this is the lake as recorded by {self.recorded_upto}; it is only read")
        incoming = canonical.with_hidden(rows, table, loaded_at)

        def attempt() -> Recorded:
            stored = self._stored(table)
            if stored is None:
                self._create(table)
                stored = self._stored(table)
            if stored is None:
                raise LakeError(f"{table.name}: somebody deleted it from {self.uri} while it was being written")
            accepted, unchanged = stored.record(incoming)
            return Recorded(len(rows), accepted, unchanged)

        return self._write(attempt, table.name)

    def _write(self, attempt: Callable[[], _T], name: str) -> _T:
        self._refuse_the_past(name)
        return _retried(attempt, name)

    def _refuse_the_past(self, name: str) -> None:
        if self.derived_versions is not None:
            raise LakeError(f"{name}: this is the lake as it was at {self.recorded_upto}; it is only read")

    def _create(self, table: Table) -> None:
        layout = daily if table.is_daily else canonical
        schema, parts = layout.stored_schema(table), layout.PARTITION_BY
        uri = self.uri_of(canonical.folder(table))
        delta.create(uri, schema, self._options, partition_by=parts, indexed=layout.indexed(table))


def _retried(attempt: Callable[[], _T], name: str) -> _T:
    """Retries an optimistic write that lost against another writer; each attempt reads the table anew."""
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except CommitFailedError as error:
            lost = error
    raise LakeError(f"{name}: {_ATTEMPTS} attempts lost against other writers; run one writer at a time") from lost
