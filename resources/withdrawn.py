"""Rows that a withdrawal takes out of tables of the database, kept as they were.

Here: keeping and taking. Not here: what is withdrawn (`opsguard_assets.withdrawal`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    TextClause,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy import table as table_of
from sqlalchemy.types import NullType

_WITHDRAWN = table_of("withdrawn_rows", column("withdrawal_id"), column("table_name"), column("row"))


@dataclass(frozen=True)
class Withdrawal:
    """One withdrawal, as it is recorded.

    Attributes:
        number: Its number.
        since: What is of this moment or later is withdrawn, UTC.
        at: When it is done, UTC.
        actor: Who does it.
        reason: Why.
    """

    number: int
    since: datetime
    at: datetime
    actor: str
    reason: str

    @property
    def values(self) -> dict[str, Any]:
        """What statements ask for: `number`, `since`, `at`, `actor`."""
        return {"number": self.number, "since": self.since, "at": self.at, "actor": self.actor}


def begin(connection: Connection, kind: str, since: datetime, *, actor: str, reason: str) -> Withdrawal:
    """Records a withdrawal."""
    statement = text(
        "INSERT INTO withdrawals (kind, since, at, actor, reason) "
        "VALUES (:kind, :since, clock_timestamp(), :actor, :reason) RETURNING withdrawal_id, at"
    )
    row = connection.execute(statement, {"kind": kind, "since": since, "actor": actor, "reason": reason}).one()
    return Withdrawal(int(row.withdrawal_id), since, row.at, actor, reason)


def keep(connection: Connection, table: str, condition: str, values: Mapping[str, Any]) -> None:
    """Notes rows as they are, before they are changed.

    Args:
        connection: The transaction of the withdrawal.
        table: A table of ours.
        condition: Which rows, in SQL of ours.
        values: What the condition asks for, and `number`, that of the withdrawal.
    """
    taken = table_of(table)
    rows = (
        select(literal(values["number"], BigInteger), literal(table), func.to_jsonb(column(table)))
        .select_from(taken)
        .where(_where(condition, values))
    )
    connection.execute(insert(_WITHDRAWN).from_select(_WITHDRAWN.columns.keys(), rows))


def take(connection: Connection, table: str, condition: str, values: Mapping[str, Any]) -> int:
    """Takes rows out of a table and keeps them as they were; returns how many."""
    keep(connection, table, condition, values)
    deleted = connection.execute(delete(table_of(table)).where(_where(condition, values)))
    return int(deleted.rowcount)


def _where(condition: str, values: Mapping[str, Any]) -> TextClause:
    """A condition with its values. They go without a type: SQLAlchemy would take the zone off instants."""
    clause = text(condition)
    named = clause.compile().params
    return clause.bindparams(*(bindparam(name, values[name], type_=NullType()) for name in named))
