"""Checks the feeds of `opsguard.yaml` against the contract before anything is read; messages name file and line.

Here: names of tables and columns, and what a table's kind allows. Not here: what the source delivers (`origin`).
"""

import difflib
from collections.abc import Iterable, Iterator

from opsguard_assets.config.load import ConfigIssue
from opsguard_assets.config.mapping import Feed
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import SimulatorSource
from opsguard_assets.intake.mapping.mapping_words import feed_issues, word_issues
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table

_Place = tuple[str | int, ...]


def misfits(settings: Settings) -> Iterator[ConfigIssue]:
    """Everything in the feeds of all sources that the contract does not have or allow."""
    for number, source in enumerate(settings.sources):
        if isinstance(source, SimulatorSource):
            continue
        for position, feed in enumerate(source.feeds):
            yield from _of_feed(feed, ("sources", number, "feeds", position))


def _of_feed(feed: Feed, place: _Place) -> Iterator[ConfigIssue]:
    table = TABLES.get(feed.table)
    if table is None:
        words = f"there is no table {feed.table!r}{close_to(feed.table, TABLES)}; `opsguard tables` lists the tables"
        yield ConfigIssue((*place, "table"), words)
        return
    for problem in feed_issues(feed, table):
        yield ConfigIssue((*place, *problem.place), problem.words)
    mapped = table.columns if feed.same_names else feed.columns
    for column, mapping in feed.columns.items():
        if column in table.columns:
            for problem in word_issues(mapping, column, table, mapped):
                yield ConfigIssue((*place, "columns", column, *problem.place), problem.words)
        else:
            close = close_to(column, table.columns)
            words = f"{table.name} has no such column{close}; `opsguard tables {table.name}` lists its columns"
            yield ConfigIssue((*place, "columns", column), words)
    if feed.snapshot and (table.version or table.is_daily):
        yield ConfigIssue((*place, "snapshot"), _unlisted(table))


def _unlisted(table: Table) -> str:
    """Why a table can have no complete lists."""
    if table.is_daily:
        return f"{table.name} holds reports, of which no list is ever complete; take `snapshot` out"
    return (
        f"of the versions of {table.name} the one of the greatest {table.version} counts, and a missing row has none; "
        "take `snapshot` out and use `withdrawn_when`"
    )


def close_to(name: str, known: Iterable[str]) -> str:
    """The known names that are close to a wrong one, in words; empty where none is."""
    close = difflib.get_close_matches(name, list(known), n=3)
    return f"; close to it: {', '.join(close)}" if close else ""
