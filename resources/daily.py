"""The physical layout of a daily table: one append-only Delta table, partitioned by day.

Here: physical columns, which files a question needs, and the commit that adds versions. Not here: which version counts
(`opsguard_assets.tables.versions`) and tables that change (`canonical`).

A report lies on the day on which it was *heard*: when it happened, but no later than when it became known, because
clocks of devices run ahead. Within a day there are three slices: `first` holds the first recorded version of a report,
`again` every further one, and `far` reports that were dated more than a day ahead. So

* nearly all rows are in `first` and need no comparison on reading;
* the few reports with several versions are found without reading the others;
* versions of a report that is not `far` lie within a day of each other.

File statistics decide which files hold a stretch of time, so that neither writing nor reading opens the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from deltalake import DeltaTable

from opsguard_assets.tables.reports import ROWS, fill
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import (
    ARRIVAL,
    ENDED_LOADED_AT,
    HIDDEN,
    IS_WITHDRAWN,
    LOADED_AT,
    SEQUENCE,
    SUPERSEDED_AT,
    rank,
    superseded,
)
from resources import delta
from resources.daily_files import CUT, DAY, HEARD_AT, SLICE, files_of, holding, overlaps

FIRST, AGAIN, FAR = "first", "again", "far"
PARTITION_BY = (DAY, SLICE)
# A report that is dated further ahead than this may be corrected on any later day.
_AHEAD = timedelta(days=1)


def heard_at(table: Table) -> pl.Expr:
    """When a report was heard: when it happened, but no later than when it became known."""
    return pl.min_horizontal(_at(table), "known_at").alias(HEARD_AT)


def stored_schema(table: Table) -> pl.Schema:
    """Physical columns; those by whose statistics files are chosen come first."""
    contract = table.dtypes
    types = {DAY: pl.Date(), SLICE: pl.String(), HEARD_AT: INSTANT, **contract, **HIDDEN, ROWS: pl.Int64()}
    order = dict.fromkeys([*_leading(table), *contract, IS_WITHDRAWN, ARRIVAL, ROWS])
    return pl.Schema({column: types[column] for column in order})


def indexed(table: Table) -> int:
    """How many leading columns get file statistics."""
    return len(_leading(table))


def _leading(table: Table) -> list[str]:
    return list(dict.fromkeys([DAY, SLICE, HEARD_AT, _at(table), "known_at", LOADED_AT, *table.key, SEQUENCE]))


def _at(table: Table) -> str:
    if table.happened_at is None:
        raise ValueError(f"{table.name}: a daily table says when its rows happened")
    return table.happened_at


@dataclass(frozen=True)
class Daily:
    """A daily table, opened at one version.

    Attributes:
        table: Which one.
        uri: Where it lies.
        stored: The Delta table; None before anything was recorded.
        options: Credentials and endpoints of its files.
        recorded_upto: It is read as it had been recorded by then; None: as now.
    """

    table: Table
    uri: str
    stored: DeltaTable | None
    options: Mapping[str, str]
    recorded_upto: datetime | None = None

    def known(
        self,
        as_of: datetime | None,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
        live_only: bool = False,  # noqa: ARG002 - a daily table has no live rows; canonical tables are asked the same
    ) -> pl.LazyFrame:
        """The row of every report at an instant (None: the last) that was heard in [`since`, `before`)."""
        ended = pl.col(SUPERSEDED_AT)
        rows = self.versions(since=since, before=before).filter(~pl.col(IS_WITHDRAWN))
        if as_of is None:
            return rows.filter(ended.is_null()).select(self.table.columns)
        instant = pl.lit(as_of, INSTANT)
        current = rows.filter(pl.col("known_at") <= instant, ended.is_null() | (ended > instant))
        return current.select(self.table.columns)

    def versions(self, *, since: datetime | None = None, before: datetime | None = None) -> pl.LazyFrame:
        """All versions heard in [`since`, `before`): contract and hidden columns, `_heard_at`, `_ended_loaded_at`.

        What it costs depends on the files of these days, and on how many reports of them have several versions.
        """
        columns = [*self.table.columns, *HIDDEN, HEARD_AT, ENDED_LOADED_AT]
        files = self._files()
        heard = _between(since, before)
        firsts = self._scan(files.filter(overlaps(since, before), pl.col(SLICE) == FIRST)).filter(heard)
        undated = [pl.lit(None, INSTANT).alias(name) for name in (SUPERSEDED_AT, ENDED_LOADED_AT)]
        firsts = firsts.with_columns(undated).select(columns)
        contested = self._contested(files, since, before)
        if contested.is_empty():
            return firsts
        rivals = self._rivals(files, contested, since, before)
        ended = pl.col(LOADED_AT).shift().over(self.table.key)  # superseded() leaves the one of higher rank before it
        dated = superseded(rivals, self.table).with_columns(ended.alias(ENDED_LOADED_AT)).filter(heard).select(columns)
        return pl.concat([firsts.join(contested.lazy(), on=self.table.key, how="anti"), dated])

    def arrived(
        self,
        after: datetime | None,
        upto: datetime | None,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> pl.LazyFrame:
        """The versions loaded in (`after`, `upto`] and heard in [`since`, `before`), undated.

        Returns:
            Contract columns, `_loaded_at`, `_heard_at`, `_slice`, `_rows`.
        """
        loaded, bounds = pl.col(LOADED_AT), [_between(since, before)]
        files = self._files().filter(overlaps(since, before))
        if after is not None:
            files = files.filter(pl.col("last_loaded") + CUT > after)
            bounds.append(loaded > pl.lit(after, INSTANT))
        if upto is not None:
            files = files.filter(pl.col("first_loaded") <= upto)
            bounds.append(loaded <= pl.lit(upto, INSTANT))
        parts = [
            self._scan(of_slice).with_columns(pl.lit(name).alias(SLICE))
            for (name,), of_slice in files.group_by(SLICE, maintain_order=True)
        ]
        rows = pl.concat(parts) if parts else self._scan(files).with_columns(pl.lit(FIRST).alias(SLICE))
        return rows.filter(bounds).select(*self.table.columns, LOADED_AT, HEARD_AT, SLICE, ROWS)

    def loaded_upto(self) -> datetime | None:
        """The instant of the newest load; None before the first. Opens the newest files only."""
        files = self._files()
        newest = files.filter(pl.col("last_loaded") == pl.col("last_loaded").max())
        found = self._scan(newest).select(pl.col(LOADED_AT).max()).collect().item()
        return found if isinstance(found, datetime) else None

    def files(self, *, since: datetime | None = None, before: datetime | None = None) -> int:
        """How many files hold reports that were heard in [`since`, `before`)."""
        return self._files().filter(overlaps(since, before)).height

    def rows_by_day(self) -> pl.DataFrame:
        """How many rows the files of every day hold: (`day`, `rows`)."""
        return self._files().group_by("day").agg(pl.col("rows").sum()).sort("day")

    def versions_of(self, keys: pl.DataFrame) -> pl.LazyFrame:
        """All versions of some reports, wherever they lie: contract columns, hidden columns (undated), `_heard_at`."""
        rows, instants = self._scan(holding(self._files(), keys[_at(self.table)])), keys[_at(self.table)]
        # A join does not tell the Parquet reader which row groups to skip; a range does.
        near = rows.filter(pl.col(_at(self.table)).is_between(instants.min(), instants.max())) if len(keys) else rows
        found = near.join(keys.lazy(), on=self.table.key, how="semi")
        return found.with_columns(pl.lit(None, INSTANT).alias(SUPERSEDED_AT))

    def record(self, incoming: pl.DataFrame) -> tuple[int, int]:
        """Appends the new versions among received rows, in one commit; returns how many are new and how many are not.

        Raises:
            CommitFailedError: When anybody else wrote since the table was opened.
        """
        if self.stored is None:
            raise ValueError(f"{self.table.name} is not created yet")
        delta.widen(self.stored, stored_schema(self.table))
        keys = incoming.select(self.table.key).unique()
        known = self.versions_of(keys).select(*self.table.columns, *HIDDEN).collect()
        filled = fill(known, incoming, self.table)
        if len(filled.added):
            rows = self._placed(filled.added, known.select(self.table.key).unique())
            settings = {"mode": "append", "commit_properties": delta.unchallenged()}
            delta.write(self.stored, rows, self.options, partition_by=list(PARTITION_BY), **settings)
        return filled.accepted, filled.unchanged

    def _placed(self, added: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
        """New versions with the day and slice in which they lie, sorted so that reports of one device lie together."""
        key = list(self.table.key)
        is_known = added.join(stored.with_columns(_known=True), on=key, how="left", maintain_order="left")["_known"]
        ranked = added.with_columns(is_known.fill_null(value=False)).sort([*key, *rank(self.table)])
        again = pl.col("_known") | ~pl.struct(key).is_first_distinct()
        far = pl.col(_at(self.table)) > pl.col("known_at") + _AHEAD
        where = pl.when(far).then(pl.lit(FAR)).when(again).then(pl.lit(AGAIN)).otherwise(pl.lit(FIRST))
        placed = ranked.with_columns(heard_at(self.table), where.alias(SLICE))
        return placed.with_columns(pl.col(HEARD_AT).dt.date().alias(DAY)).select(stored_schema(self.table).names())

    def _contested(self, files: pl.DataFrame, since: datetime | None, before: datetime | None) -> pl.DataFrame:
        """The reports of a stretch that may have several versions: key, and whether one of them is far ahead."""
        key = list(self.table.key)
        beyond = None if before is None else before + _AHEAD
        again = self._scan(files.filter(overlaps(since, beyond), pl.col(SLICE) == AGAIN)).filter(
            _between(since, beyond)
        )
        far = self._scan(files.filter(overlaps(since, before), pl.col(SLICE) == FAR)).filter(_between(since, before))
        found = pl.concat([again.select(*key, is_far=False), far.select(*key, is_far=True)])
        return found.group_by(key).agg(pl.col("is_far").any()).collect()

    def _rivals(
        self, files: pl.DataFrame, contested: pl.DataFrame, since: datetime | None, before: datetime | None
    ) -> pl.LazyFrame:
        """The versions of contested reports that decide which of them counted in a stretch.

        A version that takes another one's place became known later, so it was heard later or at the same time; unless
        the first was far ahead, within a day.
        """
        beyond = None if before is None else before + _AHEAD
        far = contested.filter("is_far")[_at(self.table)]
        near, ahead = overlaps(since, beyond), overlaps(since, None)
        chosen = pl.concat([files.filter(near), holding(files.filter(ahead), far)]).unique("path")
        rows = self._scan(chosen).join(contested.lazy(), on=self.table.key, how="semi")
        return rows.filter(_between(since, None))

    def _files(self) -> pl.DataFrame:
        found = files_of(self.stored, self.uri, _at(self.table))
        return found if self.recorded_upto is None else found.filter(pl.col("first_loaded") <= self.recorded_upto)

    def _scan(self, files: pl.DataFrame) -> pl.LazyFrame:
        """The rows of some files: physical columns without those of the partition."""
        schema = {name: dtype for name, dtype in stored_schema(self.table).items() if name not in PARTITION_BY}
        if files.is_empty():
            return pl.LazyFrame(schema=schema)
        rows = pl.scan_parquet(
            files["path"].to_list(),
            schema=schema,
            missing_columns="insert",
            extra_columns="ignore",
            hive_partitioning=False,
            glob=False,
            storage_options=dict(self.options) or None,
            # Files from before these columns existed.
        ).with_columns(pl.col(ARRIVAL).fill_null(0), pl.col(ROWS).fill_null(1))
        if self.recorded_upto is None:
            return rows
        return rows.filter(pl.col(LOADED_AT) <= pl.lit(self.recorded_upto, INSTANT))


def _between(since: datetime | None, before: datetime | None) -> pl.Expr:
    """That a row was heard in [`since`, `before`)."""
    heard, bounds = pl.col(HEARD_AT), [pl.lit(value=True)]
    if since is not None:
        bounds.append(heard >= pl.lit(since, INSTANT))
    if before is not None:
        bounds.append(heard < pl.lit(before, INSTANT))
    return pl.all_horizontal(bounds)
