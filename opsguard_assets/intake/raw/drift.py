"""How the columns of a source differ from those that it had before, and where values of another type go.

Here: comparing column names and kinds, pure. Not here: reading them; whether a column that is there is also filled (the
ledger looks at that over many loads).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from opsguard_assets.intake.raw.names import variant_name

NOTHING = "nothing"
TEXT_KIND = "text"


@dataclass(frozen=True)
class Column:
    """A column of a source: its spelling there, the kind of its values (`raw.types.KINDS`), whether it came last."""

    spelling: str
    kind: str
    is_here: bool = True


@dataclass(frozen=True)
class Drift:
    """One difference between what a source sends and what it sent before.

    Attributes:
        kind: What happened.
        column: The column, as the source spells it.
        before: The kind of its values before; None for a new column.
        after: The kind of its values now; None for a missing column.
    """

    kind: Literal["new_column", "missing_column", "changed_type"]
    column: str
    before: str | None
    after: str | None

    @property
    def words(self) -> str:
        """The difference in the words of the ledger."""
        also = f" now also holds {self.after}" if self.kind == "changed_type" else ""
        return f"{self.kind.replace('_', ' ')}: {self.column}{also}"


def compare(
    before: Mapping[str, Column], after: Mapping[str, Column], *, names_every_column: bool
) -> tuple[Drift, ...]:
    """The differences between two loads of a source.

    Args:
        before: Raw name to column, as of the loads before; empty for a first load, which cannot differ. One that was
            missing before is neither missing once more nor new when it comes back.
        after: The same for this load. A kind of `nothing` (no value at all) is not a change of type.
        names_every_column: Whether a load names also the columns without a value. Records of JSON lines and REST
            resources leave them out, so that an absent column says nothing.

    Returns:
        New columns, changed types, missing columns, each in the order of the source.
    """
    if not before:
        return ()
    new = [
        Drift("new_column", column.spelling, None, column.kind) for name, column in after.items() if name not in before
    ]
    changed = [
        Drift("changed_type", column.spelling, before[name].kind, column.kind)
        for name, column in after.items()
        if name in before and NOTHING not in (column.kind, before[name].kind) and column.kind != before[name].kind
    ]
    missing = [
        Drift("missing_column", column.spelling, column.kind, None)
        for name, column in before.items()
        if name not in after and names_every_column and column.is_here
    ]
    return (*new, *changed, *missing)


def remembered(
    before: Mapping[str, Column], after: Mapping[str, Column], *, names_every_column: bool
) -> dict[str, Column]:
    """What the next load is compared with: every column ever seen, with its kind also where it was empty this time."""
    kept = {name: replace(column, is_here=column.is_here and not names_every_column) for name, column in before.items()}
    for name, column in after.items():
        known = before.get(name)
        kept[name] = Column(column.spelling, known.kind) if known and column.kind == NOTHING else column
    return kept


def settle(stored: Mapping[str, str], arriving: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Where arriving values go in the raw table, so that a changed type breaks nothing.

    Args:
        stored: Raw column to kind, as the raw table has it.
        arriving: Pairs of raw column and kind; the same column may come with several kinds.

    Returns:
        Each pair to the raw column that takes it and the kind it takes there. The first kind of a column gets the
        column itself, every other one a variant column beside it.
    """
    columns = dict(stored)
    pairs = list(dict.fromkeys(arriving))
    places = {}
    for name, kind in pairs:
        if kind != NOTHING:
            owner = columns.setdefault(name, kind)
            places[name, kind] = (name if owner == kind else variant_name(name, kind), kind)
    for name, kind in pairs:
        if kind == NOTHING:
            places[name, kind] = (name, columns.setdefault(name, TEXT_KIND))
    return places
