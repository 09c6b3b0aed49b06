"""The origin of a canonical column by its mapping: source columns, constants, templates, values, conditions.

Here: raw rows in, one received column out, still in the source's values. Not here: reading it as a type (`parse`).
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from opsguard_assets.config.load import sentence
from opsguard_assets.config.mapping import ColumnMapping, Feed, Scalar
from opsguard_assets.config.sources import RecordSource
from opsguard_assets.intake.mapping.mapping_words import PLACEHOLDER, as_word, feed_issues, word_issues
from opsguard_assets.intake.mapping.values import as_text, kept, nulls, without_nulls
from opsguard_assets.intake.raw.names import raw_name
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table

ANY = "*"
KNOWN_AT = "known_at"


class MappingError(ValueError):
    """A mapping cannot be applied to what the source delivers; the message names source, column and remedy."""


@dataclass(frozen=True)
class RawRows:
    """Raw rows of one source, read by the source's own column names.

    Attributes:
        rows: Raw rows with the columns of the raw table.
        source: The source that they come from.
    """

    rows: pl.DataFrame
    source: RecordSource

    def has(self, column: str) -> bool:
        """Whether the source delivers a column of this name, or one that holds records with such a key."""
        return raw_name(column) in self.rows.columns or self._nesting(column) is not None

    def _nesting(self, column: str) -> tuple[str, str] | None:
        """The column and the JSON path that a name with dots means, such as `via.channel`."""
        parts = column.split(".")
        for length in range(len(parts) - 1, 0, -1):
            outer = ".".join(parts[:length])
            if raw_name(outer) in self.rows.columns:
                keys = "".join(f"[{json.dumps(key, ensure_ascii=False)}]" for key in parts[length:])
                return outer, f"${keys}"
        return None

    def column(self, column: str) -> pl.Series:
        """A source column, null where the source says unknown; all null where it was never delivered."""
        name = raw_name(column)
        if name not in self.rows.columns:
            nesting = self._nesting(column)
            if nesting is None:
                return nulls(name, pl.String(), len(self.rows))
            outer, path = nesting
            inner = as_text(self.column(outer)).str.json_path_match(path)
            return without_nulls(inner, self.source.null_values)
        # A value of another type than the column's lies in a variant column beside it.
        variants = [c for c in self.rows.columns if c.startswith(f"{name}__v_")]
        values = self.rows[name]
        for variant in variants:
            values = as_text(values).zip_with(values.is_not_null(), as_text(self.rows[variant]))
        return without_nulls(values, self.source.null_values)

    def holds(self, conditions: Mapping[str, tuple[str, ...]]) -> pl.Series:
        """The rows on which every named column has one of its allowed values; `*` allows any known value."""
        result = pl.Series([True]).new_from_index(0, len(self.rows))
        for column, allowed in conditions.items():
            text = as_text(self.column(column))
            if ANY in allowed:
                result &= text.is_not_null()
            else:
                words = [word.strip().lower() for word in allowed]
                result &= text.str.to_lowercase().is_in(words).fill_null(value=False)
        return result


def originate(received: RawRows, mapping: ColumnMapping) -> pl.Series:
    """The received values of one canonical column, before they are read as its type.

    Args:
        received: Raw rows.
        mapping: Origin, values and conditions of the column.

    Returns:
        One value per raw row, in the source's type or as text; null where unknown or where `only_when` does not hold.
    """
    values = _origin(received, mapping)
    if mapping.values or mapping.otherwise is not None:
        values = _translated(values, mapping.values, mapping.otherwise)
    if mapping.default is not None:
        values = as_text(values).fill_null(as_word(mapping.default))
    return kept(values, received.holds(mapping.only_when)) if mapping.only_when else values


def source_columns(mapping: ColumnMapping) -> list[str]:
    """The source columns that a mapping reads, as the source spells them."""
    named = [mapping.source] if mapping.source is not None else []
    later = [mapping.no_later_than] if mapping.no_later_than is not None else []
    return [*named, *PLACEHOLDER.findall(mapping.template or ""), *mapping.only_when, *later]


def named_columns(source: RecordSource) -> frozenset[str]:
    """The raw names of all columns that the feeds of a source may read."""
    named: set[str] = set()
    for feed in source.feeds:
        named |= {column for mapping in feed.columns.values() for column in source_columns(mapping)}
        named |= {*feed.where, *feed.withdrawn_when, *feed.channels, *([feed.sequence] if feed.sequence else [])}
        named |= set(TABLES[feed.table].columns) if feed.same_names and feed.table in TABLES else set()
    return frozenset(raw_name(column) for column in named)


def resolve(feed: Feed, received: RawRows, table: Table) -> dict[str, ColumnMapping]:
    """The mapping of every canonical column that a feed fills.

    Args:
        feed: The feed.
        received: Raw rows; only their columns matter.
        table: The canonical table that the feed names.

    Returns:
        Canonical column to mapping, with the columns of `same_names` filled in.

    Raises:
        MappingError: When the feed names a column that the table or the source does not have, or leaves a required
            column of the table without an origin. An optional column that a source without a header (JSON lines, SQL,
            REST) has not delivered yet is not an error: it stays null and is reported as drift.
    """
    where = f"Source {received.source.name}, table {table.name}"
    columns = dict(feed.columns)
    if feed.same_names:
        same = [c for c in table.columns if c not in columns and received.has(c)]
        columns |= {column: ColumnMapping.model_validate(column) for column in same}
    for column, mapping in columns.items():
        if column not in table.columns:
            raise MappingError(
                f"{where}: the table has no column {column!r}{_close(column, table.columns)}. "
                f"`opsguard tables {table.name}` lists its columns."
            )
        for problem in word_issues(mapping, column, table, columns):
            raise MappingError(f"{where}, column {column}: {sentence(problem.words)}")
    for problem in feed_issues(feed, table):
        raise MappingError(f"{where}: {sentence(problem.words)}")
    if feed.snapshot and KNOWN_AT in columns:
        raise MappingError(
            f"{where}: with `snapshot` a row is known from its list on, and the source has a {KNOWN_AT!r} itself. "
            "Name the columns one by one instead of `same_names`, or take `snapshot` out."
        )
    required = [c for c, rule in table.schema.columns().items() if not rule.nullable and c != KNOWN_AT]
    homeless = [c for c in required if c not in columns]
    if homeless:
        raise MappingError(
            f"{where}: required columns without an origin: {', '.join(homeless)}. Add them under `columns` with "
            f"`from`, `constant` or `template`. The source delivers {_listed(received)}."
        )
    _check_delivered(feed, columns, received, table)
    return columns


def absent_columns(columns: Mapping[str, ColumnMapping], received: RawRows) -> list[str]:
    """Source columns that a mapping names and the source has never delivered."""
    named = [name for mapping in columns.values() for name in source_columns(mapping)]
    return [name for name in dict.fromkeys(named) if not received.has(name)]


def _check_delivered(feed: Feed, columns: Mapping[str, ColumnMapping], received: RawRows, table: Table) -> None:
    always = [*feed.where, *feed.withdrawn_when, *([feed.sequence] if feed.sequence else []), *feed.channels]
    for column, mapping in columns.items():
        optional = column == KNOWN_AT or table.schema.columns()[column].nullable
        if received.source.has_header or not optional:
            always += source_columns(mapping)
    for name in always:
        if not received.has(name):
            raise MappingError(
                f"Source {received.source.name}, table {table.name}: the mapping names the column {name!r}, which the "
                f"source does not deliver{_close(name, received.rows.columns)}. It delivers {_listed(received)}. "
                f"Correct the mapping, or ask the owner of the source why the column is gone.{_title_hint(received)}"
            )


def _origin(received: RawRows, mapping: ColumnMapping) -> pl.Series:
    if mapping.constant is not None:
        return pl.Series([as_word(mapping.constant)]).new_from_index(0, len(received.rows))
    if mapping.template is not None:
        return _filled(received, mapping.template)
    return received.column(mapping.source or "")


def _filled(received: RawRows, template: str) -> pl.Series:
    """The template with its placeholders filled in; null where one of them is unknown."""
    parts = PLACEHOLDER.split(template)
    columns = {f"part_{i}": as_text(received.column(part)) for i, part in enumerate(parts) if i % 2}
    texts = [pl.col(f"part_{i}") if i % 2 else pl.lit(part) for i, part in enumerate(parts)]
    frame = pl.DataFrame({"row": pl.Series([0]).new_from_index(0, len(received.rows)), **columns})
    return frame.select(pl.concat_str(texts)).to_series()


def _translated(values: pl.Series, words: Mapping[str, Scalar | None], otherwise: Scalar | None) -> pl.Series:
    """Text looked up in `words`, ignoring case; unlisted text becomes `otherwise` or stays."""
    text = as_text(values)
    table = {key.strip().lower(): as_word(value) for key, value in words.items()}
    rest = (
        text
        if otherwise is None
        else kept(pl.Series([as_word(otherwise)]).new_from_index(0, len(text)), text.is_not_null())
    )
    if not table:
        return rest
    found = text.str.to_lowercase()
    return found.replace_strict(list(table), list(table.values()), default=rest, return_dtype=pl.String)


def _close(name: str, known: Iterable[str]) -> str:
    visible = [k for k in known if not k.startswith("_")]
    close = difflib.get_close_matches(raw_name(name), visible, n=3)
    return f"; close to it: {', '.join(close)}" if close else ""


def _title_hint(received: RawRows) -> str:
    """What a header of mostly nameless columns is: the title of a report."""
    is_title = sum(column.startswith("unnamed_") for column in received.rows.columns) > 1
    return " If the header stands below a title, set `csv: {header_at: …}` to its line." if is_title else ""


def _listed(received: RawRows) -> str:
    visible = [c for c in received.rows.columns if not c.startswith("_")]
    return ", ".join(visible[:40]) + (", …" if len(visible) > 40 else "") if visible else "no columns"  # noqa: PLR2004 - a readable length
