"""Checks every option of a mapping against its column: options without effect or sense are reported.

Here: options and the contract alone, so that `opsguard.yaml` is refused when it is read. Not here: names of tables and
columns (`contract`), and what the source delivers (`origin`).
"""

import re
from collections.abc import Collection, Iterator

import polars as pl

from opsguard_assets.config.load import ConfigIssue
from opsguard_assets.config.mapping import ColumnMapping, Feed, Scalar
from opsguard_assets.intake.mapping.formats import FormatError, read_format
from opsguard_assets.intake.mapping.parse import complaint, parse
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.validate import broken_values

METRICS = "metrics"
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


def as_word(value: Scalar | None) -> str | None:
    """A value of `opsguard.yaml` as a source would write it."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def feed_issues(feed: Feed, table: Table) -> Iterator[ConfigIssue]:
    """Options of a feed that select nothing, or that its table does not know."""
    for word in ("where", "withdrawn_when"):
        for source_column, allowed in getattr(feed, word).items():
            if not allowed:
                yield ConfigIssue(
                    (word, source_column), "no value is allowed, so that no row fits; name values, or `*`"
                )
    if feed.channels and METRICS not in table.columns:
        yield ConfigIssue(
            ("channels",), f"`channels` are for `telemetry`; {table.name} has no such column. Remove them"
        )


def word_issues(mapping: ColumnMapping, column: str, table: Table, mapped: Collection[str]) -> Iterator[ConfigIssue]:
    """Options of one column that do not fit it.

    Args:
        mapping: The words.
        column: A column of `table`.
        table: The canonical table.
        mapped: All its columns that the feed fills.
    """
    yield from _of_times(mapping, column, table.dtypes[column])
    yield from _of_numbers_and_lists(mapping, column, table.dtypes[column])
    yield from _of_after(mapping, column, table, mapped)
    yield from _of_template(mapping)
    for source_column, allowed in mapping.only_when.items():
        if not allowed:
            yield ConfigIssue(
                ("only_when", source_column), "no value is allowed, so that nothing is ever known; name one"
            )
    yield from _of_values(mapping, column, table)


def _of_times(mapping: ColumnMapping, column: str, dtype: pl.DataType) -> Iterator[ConfigIssue]:
    is_instant = isinstance(dtype, pl.Datetime)
    for word in ("no_later_than", "add_days", "after"):
        if getattr(mapping, word) is not None and not is_instant:
            yield ConfigIssue((word,), f"`{word}` needs an instant, and {column} is not one. Remove it")
    for word in ("format", "unit", "timezone"):
        if getattr(mapping, word) and not isinstance(dtype, pl.Datetime | pl.Date):
            yield ConfigIssue((word,), f"`{word}` is for instants and dates, and {column} is neither. Remove it")
    if mapping.format and mapping.unit:
        yield ConfigIssue(("unit",), "`unit` reads numbers and `format` reads texts; take one of them out")
    for number, text in enumerate(mapping.format):
        try:
            read_format(text)
        except FormatError as error:
            yield ConfigIssue(("format", number), str(error))


def _of_numbers_and_lists(mapping: ColumnMapping, column: str, dtype: pl.DataType) -> Iterator[ConfigIssue]:
    for word in ("scale", "offset"):
        if getattr(mapping, word) is not None and not dtype.is_numeric():
            yield ConfigIssue((word,), f"`{word}` is for numbers, and {column} is not one. Remove it")
    if mapping.scale == 0:
        yield ConfigIssue(("scale",), "a scale of 0 makes every number 0; correct it")
    if mapping.decimal != "." and not (dtype.is_numeric() or mapping.unit):
        yield ConfigIssue(("decimal",), f"`decimal` is for numbers, and {column} is not one. Remove it")
    if mapping.separator is not None and not isinstance(dtype, pl.List):
        yield ConfigIssue(("separator",), f"`separator` is for lists, and {column} is not one. Remove it")


def _of_after(mapping: ColumnMapping, column: str, table: Table, mapped: Collection[str]) -> Iterator[ConfigIssue]:
    other = mapping.after
    if other is not None and (
        other == column or other not in mapped or not isinstance(table.dtypes.get(other), pl.Datetime)
    ):
        yield ConfigIssue(
            ("after",),
            f"`after` names another instant of {table.name} that this feed fills, such as its start; correct it",
        )


def _of_template(mapping: ColumnMapping) -> Iterator[ConfigIssue]:
    if mapping.template is None:
        return
    rest = PLACEHOLDER.sub("", mapping.template)
    if "{" in rest or "}" in rest:
        yield ConfigIssue(
            ("template",), "a brace does not close, or holds no name; write `{column}` for a source column"
        )
    elif rest == mapping.template:
        yield ConfigIssue(("template",), "the template names no source column; write `{column}`, or use `constant`")


def _of_values(mapping: ColumnMapping, column: str, table: Table) -> Iterator[ConfigIssue]:
    """Values that the mapping itself gives to the column."""
    seen: dict[str, Scalar | None] = {}
    for key, value in mapping.values.items():
        if seen.setdefault(key.strip().lower(), value) != value:
            yield ConfigIssue(("values", key), f"{key!r} is given two values; capitals do not matter. Take one out")
    given: dict[tuple[str, ...], Scalar | None] = {
        **{("values", key): value for key, value in mapping.values.items()},
        ("otherwise",): mapping.otherwise,
        ("default",): mapping.default,
        ("constant",): mapping.constant,
    }
    words = [(place, as_word(value)) for place, value in given.items() if value is not None]
    if not words or next(_of_times(mapping, column, table.dtypes[column]), None) is not None:
        return
    texts = pl.Series([word for _, word in words], dtype=pl.String)
    read = parse(texts, table.dtypes[column], mapping, "UTC")
    unread = texts.filter(read.is_null())
    reasons = dict(zip(unread, complaint(unread, read.dtype, mapping, "UTC"), strict=True)) if len(unread) else {}
    broken = broken_values(read, column, table)
    for number, (place, word) in enumerate(words):
        reason = reasons.get(word) or broken.get(number)
        if reason:
            yield ConfigIssue(place, f"{word!r} is not a value of {column}: {reason}. Correct it")
