"""The ledger of loads: what every load brought to every table, and how its columns differ from the loads before.

Here: the shape of `intake/loads`, its arithmetic, schema drift. Not here: writing it (`accept`), showing it (`report`).
Conservation holds in every row: received = accepted + rejected + unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.tables.derived import count, instant, number, text
from opsguard_assets.tables.table import Table

COLUMN = pl.Struct({"name": pl.String(), "type": pl.String(), "filled_share": pl.Float64()})


class LedgerLine(dy.Schema):
    """What one load brought to one table."""

    load_id = text("the load", nullable=False)
    source = text("the source", nullable=False)
    table = text("the canonical table", nullable=False)
    received = count("raw rows that belong to the table", nullable=False)
    accepted = count("new versions that the load added", nullable=False)
    rejected = count("raw rows in quarantine; negative where a changed mapping accepts them", nullable=False)
    unchanged = count("rows that repeat what was known", nullable=False)
    withdrawn = count("rows that the load ended", nullable=False)
    incomplete = text("why nothing was withdrawn that a complete list no longer names; null where all is well")
    raw_deleted = count("rejected rows that cannot be judged again, because their raw records were deleted")
    rejected_share = number("rejected rows of those received, 0..1")
    loaded_at = instant("when it was loaded")
    recorded_at = instant("under which instant the last of its versions were recorded")
    drift = dy.List(dy.String(), nullable=True, description="what differs in the source's columns, one sentence each")
    profile = dy.List(
        dy.Struct({"name": dy.String(), "type": dy.String(), "filled_share": dy.Float64()}),
        nullable=True,
        alias="columns",
        description="the source's columns after this load",
    )


LEDGER = Table(name="loads", room="intake", schema=LedgerLine, key=("source", "load_id", "table"))
NAME = LEDGER.derived_name
SCHEMA = LEDGER.dtypes
VARIANT = "__v_"
# A column that is usually filled is missing when so many empty rows in a row are this improbable by chance.
_CHANCE = 0.001


@dataclass(frozen=True)
class Accepted:
    """What one load brought to one table: `received == accepted + rejected + unchanged`.

    Attributes:
        load_id: The load.
        source: The source's name.
        table: The canonical table's name.
        received: Raw rows that belong to the table.
        accepted: New versions that the load added.
        rejected: Raw rows in quarantine.
        unchanged: Rows that repeat what was known.
        loaded_at: The load instant, UTC.
        recorded_at: The instant under which the last of its versions were recorded.
        drift: What differs in the source's columns, one sentence each.
        withdrawn: Rows that it withdrew: missing from a snapshot (not received), or marked as deleted (received and
            accepted).
        incomplete: Why nothing was withdrawn that a complete list no longer names; None where all is well.
        raw_deleted: Rows rejected earlier that a changed mapping cannot judge again: their raw records were deleted.
    """

    load_id: str
    source: str
    table: str
    received: int
    accepted: int
    rejected: int
    unchanged: int
    loaded_at: datetime
    recorded_at: datetime
    drift: tuple[str, ...] = ()
    withdrawn: int = 0
    incomplete: str | None = None
    raw_deleted: int = 0

    @property
    def rejected_share(self) -> float:
        """Rejected rows as a share of those received; 0 where nothing was received."""
        return self.rejected / self.received if self.received else 0.0


def ledger_rows(loads: Sequence[Accepted], columns: pl.Series) -> dy.DataFrame[LedgerLine]:
    """The ledger's rows of one load.

    Args:
        loads: What the load brought, one per table.
        columns: The profile of the source's columns after this load, as `profile` makes it.
    """
    rows = [{**vars(load), "rejected_share": load.rejected_share, "drift": list(load.drift)} for load in loads]
    known = pl.Series("columns", [columns], SCHEMA["columns"]).new_from_index(0, len(rows))
    partial = pl.DataFrame(rows, schema=pl.Schema({c: t for c, t in SCHEMA.items() if c != "columns"}))
    return LEDGER.rows(partial.with_columns(known))


def rows_of(loads: Sequence[Accepted]) -> dy.DataFrame[LedgerLine]:
    """The counts of some loads as ledger rows without a profile of columns."""
    return ledger_rows(loads, pl.Series("columns", [], COLUMN)) if loads else empty()


def empty() -> dy.DataFrame[LedgerLine]:
    """A ledger without loads."""
    return LEDGER.empty()


def with_every_column(rows: pl.DataFrame) -> dy.DataFrame[LedgerLine]:
    """Ledger rows in today's columns; those that an earlier version did not write are 0 or null."""
    unknown = [c for c in ("withdrawn", "incomplete", "raw_deleted") if c not in rows.columns]
    filled = rows.with_columns(pl.lit(None, SCHEMA[column]).alias(column) for column in unknown)
    return LEDGER.rows(filled.with_columns(pl.col("withdrawn", "raw_deleted").fill_null(0)))


def profile(filled: pl.DataFrame, rows: int, dtypes: pl.Schema, before: pl.Series | None) -> pl.Series:
    """The source's columns: every one ever seen, with its type and how often it was filled when last delivered.

    Args:
        filled: One row: how many rows of the load have a value in each received column.
        rows: Undamaged rows of the load.
        dtypes: Types of the received columns.
        before: The profile after the load before; None for the first load.

    Returns:
        A series of `COLUMN`, sorted by name.
    """
    counts = filled.row(0, named=True) if len(filled) else {}
    now = [
        {"name": name, "type": str(dtypes[name]), "filled_share": count / rows}
        for name, count in counts.items()
        if count and rows
    ]
    seen = {column["name"] for column in now}
    older = [column for column in (before.to_list() if before is not None else []) if column["name"] not in seen]
    return pl.Series("columns", sorted([*now, *older], key=lambda column: str(column["name"])), COLUMN)


def drift(filled: pl.DataFrame, rows: int, dtypes: pl.Schema, before: pl.Series | None) -> tuple[str, ...]:
    """What differs in the columns of a load, by name; nothing for a first load.

    A column is missing when it is empty on every row although its usual share of values makes that improbable
    (1 in 1,000); a single empty value of a column that is always filled is enough.
    """
    if before is None or not rows:
        return ()
    counts = filled.row(0, named=True)
    known = {column["name"]: column for column in before.to_list()}
    present = {name for name, count in counts.items() if count}
    delivered = present | {name.split(VARIANT)[0] for name in present}
    new = sorted(present - set(known))
    gone = sorted(
        name
        for name, column in known.items()
        if name not in delivered and (1 - column["filled_share"]) ** rows < _CHANCE and VARIANT not in name
    )
    changed = [n for n in present & set(known) if known[n]["type"] != str(dtypes[n])]
    return (
        *(f"new column: {name}" for name in new if VARIANT not in name),
        *(f"missing column: {name}" for name in gone),
        *(
            f"changed type: {name.split(VARIANT)[0]} now also holds {name.split(VARIANT)[1]}"
            for name in new
            if VARIANT in name
        ),
        *(f"changed type: {name} was {known[name]['type']}, is {dtypes[name]}" for name in sorted(changed)),
    )
