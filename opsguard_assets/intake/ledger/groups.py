"""Which sources are accepted together: those that share a table, directly or through others.

Here: the grouping. Not here: the assets made of it (`assets`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from opsguard_assets.config.sources import RecordSource


@dataclass(frozen=True)
class SourceGroup:
    """Sources and the canonical tables that they fill; no other group fills any of these.

    Attributes:
        sources: In the order of `opsguard.yaml`.
        tables: Names, sorted.
    """

    sources: tuple[RecordSource, ...]
    tables: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the first source, or of the only table: how people find it."""
        return self.tables[0] if len(self.tables) == 1 else self.sources[0].name


def source_groups(sources: Sequence[RecordSource]) -> list[SourceGroup]:
    """The sources in groups of which no two share a table."""
    groups: list[SourceGroup] = []
    for source in sources:
        tables = {feed.table for feed in source.feeds}
        joined = [group for group in groups if tables & set(group.tables)]
        together = (*(member for group in joined for member in group.sources), source)
        names = sorted(tables.union(*(group.tables for group in joined)))
        groups = [*(group for group in groups if group not in joined), SourceGroup(together, tuple(names))]
    return groups
