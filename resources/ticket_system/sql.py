"""A helpdesk's database: the statements of a change run in one transaction, or not at all.

Here: the transaction, compare-and-set, and how a change is applied exactly once although two databases are involved.
Not here: the statements, which `opsguard.yaml` configures.

The key of a change is written in the same transaction as the change itself, into a table that refuses it twice. So the
helpdesk's database alone knows whether a change happened: a worker in doubt (a commit whose answer was lost, a
process that died) hands the change over again, and the key there decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeAlias

from sqlalchemy import Connection, DateTime, Engine, Integer, bindparam, create_engine, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType

from opsguard_assets.tables.values import PRIORITIES
from resources.answers import Answer, Outcome
from resources.ticket_system.change import Cancellation, Change, NewTicket, TicketSystemError

_COMMITS = 3
# Text goes without a type, so that a helpdesk whose identifiers are numbers can compare them.
_TYPES: dict[str, Any] = {
    "step": Integer(),
    **dict.fromkeys(("as_of", "now", "expected_updated_at"), DateTime(timezone=True)),
}


Values: TypeAlias = Mapping[str, Any]
# The statements of one transaction, and what they led to.
Statements: TypeAlias = Callable[[Connection, Values], Answer]
_OF_TICKET = ("key", "title", "description", "group_id", "client_id", "site_id", "as_of")
_BEFORE = Answer(Outcome.DONE, "it had been applied before")


class _UncertainCommitError(Exception):
    """The answer to a commit was lost."""


@dataclass(frozen=True, kw_only=True)
class SqlSystem:
    """Changes tickets in a database.

    Attributes:
        url: Any SQLAlchemy URL; never shown.
        update: Changes the ticket where it is as expected; has to affect exactly one row.
        further: Statements after it.
        remember: Writes the key; the database refuses the same key twice.
        recall: Gives a row where the key was written.
        create_by: Opens a ticket and returns its identifier; None: tickets cannot be opened.
        cancel_by: Cancels a ticket that nobody has worked on, exactly one row; None: tickets cannot be cancelled.
        created: Returns the ticket that was opened under a key.
        priorities: OpsGuard's priorities in the words of the helpdesk.
        timeout_seconds: How long a statement may wait (PostgreSQL).
    """

    url: str = field(repr=False)
    update: str
    further: tuple[str, ...] = ()
    remember: str
    recall: str
    create_by: str | None = None
    cancel_by: str | None = None
    created: str = ""
    priorities: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 10
    kind: str = "sql"
    acts_outside: bool = True
    can_tell: bool = True

    @cached_property
    def _engine(self) -> Engine:
        try:
            return create_engine(self.url, poolclass=NullPool)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
            # A port that is not a number is quoted in a ValueError, and may be half a password.
            known = f" ({error})" if isinstance(error, NoSuchModuleError | ModuleNotFoundError) else ""
            raise TicketSystemError(
                f"ticket_system: `url` is not an address that SQLAlchemy can use{known}. Write it like "
                "postgresql+psycopg://user:${PASSWORD}@host/database and install the driver that it names."
            ) from None

    def check(self) -> None:
        """Refuses an address that cannot be used, without connecting to anything.

        Raises:
            TicketSystemError: When it cannot be used.
        """
        _ = self._engine

    def apply(self, change: Change) -> Answer:
        """Applies a change, or says why not; a lost answer to a commit is asked for again.

        Raises:
            TicketSystemError: When the address cannot be used at all.
        """
        return self._certain(self._of_change(change), self._changed, was_sent=change.was_sent)

    def create(self, ticket: NewTicket) -> Answer:
        """Opens a ticket; likewise.

        Raises:
            TicketSystemError: When the address cannot be used at all.
        """
        named = {name: getattr(ticket, name) for name in _OF_TICKET}
        return self._certain(
            {**named, "priority": self._word[ticket.priority], "now": _now()}, self._opened, was_sent=ticket.was_sent
        )

    def cancel(self, cancellation: Cancellation) -> Answer:
        """Cancels a ticket; likewise.

        Raises:
            TicketSystemError: When the address cannot be used at all.
        """
        named = {name: getattr(cancellation, name) for name in ("key", "created_key", "reason", "as_of")}
        return self._certain({**named, "now": _now()}, self._cancelled, was_sent=cancellation.was_sent)

    def _certain(self, values: Values, statements: Statements, *, was_sent: bool) -> Answer:
        engine, doubt = self._engine, was_sent
        for _ in range(_COMMITS):
            try:
                answer = self._once(engine, values, statements)
            except _UncertainCommitError:
                doubt = True
                continue
            # After a commit without an answer only the key decides: not to reach the database now says nothing about
            # then.
            if not doubt or answer.outcome not in {Outcome.NOT_REACHED, Outcome.FAILED}:
                return answer
        return Answer(Outcome.UNKNOWN, "an earlier commit was not answered, and the database cannot be asked about it")

    def _once(self, engine: Engine, values: Values, statements: Statements) -> Answer:
        """One transaction. Every error before the commit means that nothing happened."""
        try:
            with engine.connect() as connection:
                answer = self._within(connection, values, statements)
                if answer.outcome is not Outcome.DONE:
                    connection.rollback()
                    return answer
                _commit(connection)
                return answer
        except _RemembersError:
            return self._recalled(engine, values)
        except (OperationalError, InterfaceError) as error:
            return Answer(Outcome.NOT_REACHED, f"the helpdesk's database did not take it: {_said(error)}")
        except SQLAlchemyError as error:
            return Answer(Outcome.FAILED, f"the helpdesk's database refused a statement: {_said(error)}")

    def _within(self, connection: Connection, values: Values, statements: Statements) -> Answer:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL statement_timeout = {round(self.timeout_seconds * 1000)}"))
        if _run(connection, self.recall, values).first() is not None:
            return _BEFORE
        return statements(connection, values)

    def _changed(self, connection: Connection, values: Values) -> Answer:
        self._remembered(connection, values)
        rows = _run(connection, self.update, values).rowcount
        if rows == 0:
            return Answer(Outcome.SUPERSEDED, "the ticket is not as it was known: somebody has changed it since")
        if rows != 1:
            return _too_many("update", rows)
        for statement in self.further:
            _run(connection, statement, values)
        return Answer(Outcome.DONE, "applied")

    def _opened(self, connection: Connection, values: Values) -> Answer:
        if self.create_by is None:
            return Answer(Outcome.FAILED, "`ticket_system.create` says how a ticket is opened; it is not set")
        result = _run(connection, self.create_by, values)
        row = result.first() if result.returns_rows else None
        if row is None:
            return Answer(Outcome.FAILED, "`create` returned no identifier: let it end in RETURNING")
        ticket_id = str(row[0])
        self._remembered(connection, {**values, "ticket_id": ticket_id})
        return Answer(Outcome.DONE, f"ticket {ticket_id} was opened")

    def _cancelled(self, connection: Connection, values: Values) -> Answer:
        if self.cancel_by is None:
            return Answer(Outcome.FAILED, "`ticket_system.cancel` says how a ticket is cancelled; it is not set")
        row = _run(connection, self.created, {"key": values["created_key"]}).first()
        if row is None:
            return Answer(Outcome.SUPERSEDED, "no ticket was opened under this key")
        known = {**values, "ticket_id": str(row[0])}
        self._remembered(connection, known)
        rows = _run(connection, self.cancel_by, known).rowcount
        if rows == 0:
            words = f"ticket {known['ticket_id']} is left as it is: somebody has worked on it"
            return Answer(Outcome.SUPERSEDED, words)
        if rows != 1:
            return _too_many("cancel", rows)
        return Answer(Outcome.DONE, f"ticket {known['ticket_id']} was cancelled")

    def _remembered(self, connection: Connection, values: Values) -> None:
        try:
            _run(connection, self.remember, values)
        except IntegrityError as error:
            raise _RemembersError from error

    def _recalled(self, engine: Engine, values: Values) -> Answer:
        """Somebody else wrote the key while this transaction ran; it is handed over again where nobody can say."""
        try:
            with engine.connect() as connection:
                if _run(connection, self.recall, values).first() is not None:
                    return _BEFORE
        except SQLAlchemyError as error:
            return Answer(Outcome.NOT_REACHED, f"the helpdesk's database did not say what it knows: {_said(error)}")
        return Answer(Outcome.FAILED, "`remember` was refused although `recall` does not find the key: check its table")

    @property
    def _word(self) -> Mapping[str, str]:
        return {**{name: name for name in PRIORITIES}, **self.priorities}

    def _of_change(self, change: Change) -> dict[str, Any]:
        word = self._word
        return {
            **{name: getattr(change, name) for name in ("key", "ticket_id", "step", "assignee_id", "reason", "as_of")},
            "priority": word[change.priority],
            "now": _now(),
            "expected_priority": word[change.expected_priority],
            "expected_assignee_id": change.expected_assignee_id,
            "expected_status": change.expected_status,
            "expected_updated_at": change.expected_updated_at,
        }


class _RemembersError(Exception):
    """The key is there already."""


def _run(connection: Connection, statement: str, values: Mapping[str, Any]) -> Any:
    clause = text(statement)
    named = [name for name in values if name in clause.compile().params]
    typed = clause.bindparams(*(bindparam(name, type_=_TYPES.get(name, NullType())) for name in named))
    return connection.execute(typed, {name: values[name] for name in named})


def _too_many(name: str, rows: int) -> Answer:
    words = f"`{name}` affected {rows} rows instead of one, and was undone: name one ticket by its key"
    return Answer(Outcome.FAILED, words)


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error, InterfaceError):
            raise _UncertainCommitError from error
        raise


def _now() -> datetime:
    return datetime.now(UTC)


def _said(error: Exception) -> str:
    """The first line of what the database said; never an address."""
    lines = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()
    return lines[0] if lines else type(error).__name__
