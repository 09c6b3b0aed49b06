"""Converts raw rows of a source to rows of a canonical table; rows that violate the contract go to quarantine.

Here: one pure function from raw rows to accepted and rejected ones. Not here: reading values (`parse`), what a mapping
means (`origin`), the contract (`opsguard_assets.tables`) and stores (`accept`).
"""

from dataclasses import dataclass, replace
from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.config.mapping import ColumnMapping, Feed
from opsguard_assets.config.sources import RecordSource
from opsguard_assets.intake.ledger.quarantine import FINDING, BrokenRule, Place, RejectedRow, rejected_rows
from opsguard_assets.intake.mapping.instants import later
from opsguard_assets.intake.mapping.mapping_words import METRICS
from opsguard_assets.intake.mapping.origin import RawRows, originate, resolve
from opsguard_assets.intake.mapping.parse import complaint, parse
from opsguard_assets.intake.mapping.values import as_text, nulls
from opsguard_assets.tables.public_holidays import known_holidays
from opsguard_assets.tables.table import Table, rows_of
from opsguard_assets.tables.validate import Validated, validate
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import ARRIVAL, IS_WITHDRAWN, SEQUENCE

KNOWN_AT = "known_at"
DAMAGE = "_damage"
HOLIDAYS = "holidays"


@dataclass(frozen=True)
class Conformed:
    """What one feed makes of raw rows: `received == len(accepted) + rejected_count`.

    Attributes:
        table: The canonical table.
        received: Raw rows that belong to the table.
        accepted: Contract columns and `_sequence`, in the order received; `_is_withdrawn` where rows can say that of
            themselves.
        places: How many raw rows of the load come before each accepted one.
        rejected: One row per (raw row, broken rule), in the columns of `RejectedRow`.
        rejected_count: Raw rows with at least one broken rule.
        keys: The key columns of all received rows, rejected ones included, null where a row does not tell its key.
    """

    table: Table
    received: int
    accepted: pl.DataFrame
    places: pl.Series
    rejected: dy.DataFrame[RejectedRow]
    rejected_count: int
    keys: pl.DataFrame


@dataclass(frozen=True)
class _Column:
    """A canonical column on its way: as received, as read, and how it was read."""

    name: str
    received: pl.Series
    value: pl.Series
    mapping: ColumnMapping

    @property
    def unread(self) -> pl.Series:
        return self.received.is_not_null() & self.value.is_null()


def conform(raw: pl.DataFrame, feed: Feed, source: RecordSource, table: Table, recorded_at: datetime) -> Conformed:
    """Applies the mapping of one feed to raw rows and the contract to the result.

    Args:
        raw: Raw rows: received columns (names as `raw_name` makes them), `_load_id`, `_loaded_at`, `_origin`,
            `_position`, `_damage`, `_text`; `_arrival` where they do not begin a load.
        feed: The mapping.
        source: The source of `raw`: zone of naive instants and words for unknown.
        table: The canonical table that `feed` names.
        recorded_at: The instant from which the rows can be read; rows that name none of their own are known from it on.

    Returns:
        Accepted and rejected rows. Every raw row that `feed.where` selects is in exactly one of the two; a damaged row
        belongs to every feed, because nobody can say what it was.

    Raises:
        MappingError: When the mapping names a column that table or source do not have, leaves a required column
            without an origin, or has a word that does not fit its column.
    """
    mappings = resolve(feed, RawRows(raw, source), table)
    rows = _belonging(raw, feed, source)
    received = RawRows(rows, source)
    columns = _after({name: _read(received, name, table, mapping) for name, mapping in mappings.items()}, source)
    sequence = _number(received, feed.sequence, SEQUENCE, pl.Int64()) if feed.sequence else None
    channels = [_number(received, channel, channel, pl.Float64()) for channel in feed.channels]
    all_columns = [*columns, *channels, *([sequence] if sequence else [])]
    damage = _damage(rows)
    unread = pl.concat([_findings(column, source.timezone) for column in all_columns])
    frame = _canonical(columns, table, len(rows), recorded_at)
    frame = frame.with_columns(sequence.value if sequence else pl.lit(None, pl.Int64()).alias(SEQUENCE))
    frame = frame.with_columns(rows.get_column(ARRIVAL, default=pl.int_range(len(rows), eager=True)).alias(ARRIVAL))
    if channels:
        frame = frame.with_columns(_metrics(channels, table))
    if feed.withdrawn_when:
        frame = frame.with_columns(received.holds(feed.withdrawn_when).alias(IS_WITHDRAWN))
    # All columns of a damaged row are null: it would break every rule beside the one that says why.
    candidates = _without(frame, damage)
    broken = _broken(validate(candidates.select(table.columns), table), candidates["_row"])
    ahead = _ahead(candidates, table, recorded_at, source.max_minutes_ahead)
    found = [damage, unread, _beside(broken, unread), ahead, *_unknown_holidays(candidates)]
    findings = rows_of(BrokenRule, pl.concat(found))
    accepted = _without(frame, findings)
    return Conformed(
        table=table,
        received=len(rows),
        accepted=accepted.select(*table.columns, SEQUENCE, *([IS_WITHDRAWN] if feed.withdrawn_when else [])),
        places=accepted[ARRIVAL],
        rejected=rejected_rows(rows, findings, Place(table.name, source.name)),
        rejected_count=findings["row"].n_unique(),
        keys=frame.select(pl.when(pl.Series(rows[DAMAGE].is_null())).then(pl.col(column)) for column in table.key),
    )


def _belonging(raw: pl.DataFrame, feed: Feed, source: RecordSource) -> pl.DataFrame:
    if not feed.where:
        return raw
    return raw.filter(RawRows(raw, source).holds(feed.where) | raw[DAMAGE].is_not_null())


def _read(received: RawRows, name: str, table: Table, mapping: ColumnMapping) -> _Column:
    dtype, zone = table.dtypes[name], received.source.timezone
    origin = originate(received, mapping)
    value = parse(origin, dtype, mapping, zone, is_end=table.asks_until(name))
    if mapping.no_later_than is not None:
        limit = parse(received.column(mapping.no_later_than), dtype, mapping, zone)
        value = value.zip_with(~(value > limit).fill_null(value=False), limit)
    if mapping.add_days is not None:
        value = later(value, mapping.add_days, mapping.timezone or zone)
    return _Column(name, origin, value.alias(name), mapping)


def _after(columns: dict[str, _Column], source: RecordSource) -> list[_Column]:
    """The columns; a value that must lie after another column's and does not is moved to the next local day."""
    moved = []
    for column in columns.values():
        start = columns.get(column.mapping.after or "")
        if start is not None:
            zone = column.mapping.timezone or source.timezone
            too_early = (column.value <= start.value).fill_null(value=False)
            value = column.value.zip_with(~too_early, later(column.value, 1, zone))
            column = replace(column, value=value.alias(column.name))  # noqa: PLW2901 - the same column, later
        moved.append(column)
    return moved


def _number(received: RawRows, source_column: str, name: str, dtype: pl.DataType) -> _Column:
    """A column outside the table's own: the sequence, or a channel of telemetry."""
    mapping = ColumnMapping.model_validate(source_column)
    origin = received.column(source_column)
    return _Column(name, origin, parse(origin, dtype, mapping, "UTC").alias(name), mapping)


def _canonical(columns: list[_Column], table: Table, height: int, recorded_at: datetime) -> pl.DataFrame:
    """Contract columns and `_row`; unmapped columns are null, rows without a `known_at` are known from now on."""
    values = {column.name: column.value for column in columns}
    values[KNOWN_AT] = values.get(KNOWN_AT, nulls(KNOWN_AT, INSTANT, height)).fill_null(recorded_at)
    series = [values.get(name, nulls(name, dtype, height)) for name, dtype in table.dtypes.items()]
    return pl.DataFrame(series).with_row_index("_row")


def _metrics(channels: list[_Column], table: Table) -> pl.Series:
    """The reported channels of each row as a list of (channel, value)."""
    reported = [
        pl.when(pl.col(column.name).is_not_null()).then(
            pl.struct(pl.lit(column.name).alias("channel"), pl.col(column.name).alias("value"))
        )
        for column in channels
    ]
    values = pl.DataFrame([column.value for column in channels])
    return (
        values.select(pl.concat_list(reported).list.drop_nulls().alias(METRICS)).to_series().cast(table.dtypes[METRICS])
    )


def _damage(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that could not be split into columns."""
    damaged = rows.with_row_index("row").filter(pl.col(DAMAGE).is_not_null())
    return damaged.select("row", rule=DAMAGE, column=pl.lit(None, pl.String()), value="_text").cast(FINDING)


def _findings(column: _Column, zone: str) -> pl.DataFrame:
    """Reports values that are not of the column's type, and texts that no store can hold."""
    unread = column.unread
    if unread.any():
        values = column.received.filter(unread)
        return _found(unread, column.name, complaint(values, column.value.dtype, column.mapping, zone), as_text(values))
    if column.value.dtype == pl.String:
        odd = column.value.str.contains("\x00", literal=True).fill_null(value=False)
        if odd.any():
            rule = pl.Series(["holds a NUL character"]).new_from_index(0, int(odd.sum()))
            return _found(odd, column.name, rule, column.value.filter(odd))
    return pl.DataFrame(schema=FINDING)


def _found(where: pl.Series, column: str, rules: pl.Series, values: pl.Series) -> pl.DataFrame:
    rows = where.arg_true()
    named = pl.Series([column]).new_from_index(0, len(rows))
    frame = pl.DataFrame({"row": rows, "rule": f"{column}: " + rules, "column": named, "value": values})
    return frame.cast(FINDING)


def _broken(validated: Validated, rows: pl.Series) -> pl.DataFrame:
    """The findings of the contract, numbered like the raw rows."""
    findings = validated.broken
    return findings.select(
        rows.gather(findings["row"]).alias("row"), pl.col("rule", "column", "value").cast(pl.String)
    ).cast(FINDING)


def _ahead(rows: pl.DataFrame, table: Table, recorded_at: datetime, minutes: int) -> pl.DataFrame:
    """Findings: events dated after the row was known, and a `known_at` in the future."""
    now, said = pl.lit(recorded_at, INSTANT), f"more than {minutes} minutes"
    limits = [(column, pl.min_horizontal(KNOWN_AT, now), "after the row was known") for column in table.past]
    limits.append((KNOWN_AT, now, "in the future"))
    found = []
    for column, limit, words in limits:
        rule = f"{column}: {said} {words}; check the time zone (`timezone`), the format and the clock of the source"
        late = rows.filter(pl.col(column) > limit + pl.duration(minutes=minutes))
        text = pl.col(column).dt.to_string("%Y-%m-%d %H:%M:%SZ")
        found.append(late.select(row="_row", rule=pl.lit(rule), column=pl.lit(column), value=text).cast(FINDING))
    return pl.concat(found)


def _unknown_holidays(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Invalid entries of `holidays`; a single one would stop every clock of every calendar."""
    if HOLIDAYS not in rows.columns:
        return []
    entries = rows.select("_row", entry=HOLIDAYS).explode("entry").drop_nulls()
    unknown = entries.filter(~pl.col("entry").str.strip_chars().is_in(known_holidays(entries["entry"])))
    rule = (
        "holidays: neither a country such as DE, a country and subdivision such as DE/BY, nor a day such as 2026-12-24"
    )
    return [unknown.select(row="_row", rule=pl.lit(rule), column=pl.lit(HOLIDAYS), value="entry").cast(FINDING)]


def _beside(broken: pl.DataFrame, unread: pl.DataFrame) -> pl.DataFrame:
    """Broken rules without those that only follow from an unreadable value, which is null."""
    if broken.is_empty() or unread.is_empty():
        return broken
    whole_row = pl.col("column").is_null() & pl.col("row").is_in(unread["row"].unique().implode())
    return broken.join(unread, on=["row", "column"], how="anti").filter(~whole_row)


def _without(frame: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(~pl.col("_row").is_in(findings["row"].unique().implode())) if len(findings) else frame
