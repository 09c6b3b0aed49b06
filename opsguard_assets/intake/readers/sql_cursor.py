"""What is asked of a database: columns in a form that every value survives, and which rows are new.

Here: SQLAlchemy expressions for the dialects. Not here: connections (`sql_address`), values (`sql_values`), reading
(`sql_records`).

PostgreSQL has values that no driver can give to Python: `infinity`, 4000 BC, `24:00`, `NaN` of a numeric. So the server
writes everything but plain numbers, truth values and text as text. SQLite holds any type in any column; its values are
taken as they are stored, and a cursor is compared as it is stored.

The newest value of a cursor is taken from the database, in its own order, and only from values that time can pass: a
row dated next year or `infinity` must not end reading for ever. Rows at the newest value, after it, and without one are
read again every time; `row_memory` knows those that arrived.
"""

import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SAWarning

from opsguard_assets.config.sources import SqlSource
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers.sql_address import relation_of

POSTGRESQL, SQLITE = "postgresql", "sqlite"
Expression = sa.ColumnElement[Any]
# Clocks differ, and times without a zone are up to 14 hours ahead.
_TOLERANCE = timedelta(days=1)
_ENDLESS = ("NaN", "Infinity", "-Infinity", "infinity", "-infinity")
_SESSION = ("DateStyle = 'ISO, YMD'", "TimeZone = 'UTC'", "IntervalStyle = 'iso_8601'", "bytea_output = 'hex'")


@dataclass(frozen=True)
class Asked:
    """One column: its name, how it is asked for, and the kind of its values (`raw.types.KINDS`)."""

    name: str
    expression: Expression
    kind: str


def reflected(source: SqlSource, connection: sa.Connection) -> sa.Table:
    """The relation with its columns; the session is set so that the server writes values in one way."""
    if connection.dialect.name == POSTGRESQL:
        for setting in _SESSION:
            connection.execute(sa.text(f"SET LOCAL {setting}"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # types that SQLAlchemy does not know are asked for as text
        return sa.Table(source.relation, sa.MetaData(), schema=source.db_schema, autoload_with=connection)


def asked(column: sa.Column[Any], dialect: str) -> Asked:
    """How a column is asked for."""
    kind = _kind(column.type)
    if dialect == SQLITE:
        return Asked(column.name, sa.type_coerce(column, sa.types.NullType()), kind)
    if dialect != POSTGRESQL or kind in ("bigint", "double", "bool") or isinstance(column.type, sa.String):
        return Asked(column.name, column, kind)
    if isinstance(column.type, sa.LargeBinary):
        return Asked(column.name, sa.func.encode(column, "hex"), kind)
    if isinstance(column.type, sa.ARRAY):
        return Asked(column.name, sa.cast(sa.func.to_json(column), sa.Text()), kind)
    return Asked(column.name, sa.cast(column, sa.Text()), kind)


def _kind(dtype: sa.types.TypeEngine[Any]) -> str:
    if isinstance(dtype, sa.DateTime):
        # Without a zone it is ambiguous: the mapping names the zone, and which of two hours in autumn.
        return "timestamp" if dtype.timezone else "text"
    kinds = ((sa.Boolean, "bool"), (sa.Integer, "bigint"), (sa.Float, "double"), (sa.Date, "date"))
    return next((kind for known, kind in kinds if isinstance(dtype, known)), "text")


@dataclass(frozen=True)
class Cursor:
    """The cursor column of a relation.

    Attributes:
        column: The column.
        dialect: The database's.
        stored_as: SQLite: the class of most of its values (`number`, `text`); values of another class are odd ones.
    """

    column: sa.Column[Any]
    dialect: str
    stored_as: str | None = None

    @classmethod
    def of(cls, source: SqlSource, relation: sa.Table, connection: sa.Connection) -> "Cursor | None":
        """The cursor that a source names, if any.

        Raises:
            SourceError: When the relation has no such column.
        """
        if source.cursor is None:
            return None
        if source.cursor not in relation.c:
            raise SourceError(
                f"Source {source.name}: {relation_of(source)} has no column {source.cursor!r}. Correct `cursor`."
            )
        column, dialect = relation.c[source.cursor], connection.dialect.name
        if dialect != SQLITE:
            return cls(column, dialect)
        stored = _class_of(column)
        most = sa.select(stored).where(column.is_not(None)).group_by(stored).order_by(sa.func.count().desc()).limit(1)
        return cls(column, dialect, connection.execute(most).scalar())

    def newest(self, connection: sa.Connection, last: Any, now: datetime) -> Any:
        """The greatest value that is not before `last` and not after `now`, as `not_before` takes it; else `last`."""
        bounds = [self._within(now), *([self._greatest(last)] if last is not None else [])]
        greatest: Expression = sa.func.max(self.column)
        if self.dialect == POSTGRESQL:
            greatest = sa.cast(greatest, sa.Text())
        elif self.dialect == SQLITE:
            greatest = sa.type_coerce(greatest, sa.types.NullType())
        value = connection.execute(sa.select(greatest).where(*bounds)).scalar()
        return last if value is None else _kept(value)

    def not_before(self, value: Any) -> Expression:
        """The rows that are not before a value: at it, after it, of an odd class, or without one."""
        if value is None:
            return sa.true()
        odd = [_class_of(self.column) != self.stored_as] if self.stored_as else []
        return sa.or_(self.column.is_(None), self._greatest(value), *odd)

    def _greatest(self, value: Any) -> Expression:
        return self._compared >= self._bound(value)

    @property
    def _compared(self) -> Expression:
        if self.dialect == SQLITE:
            return sa.type_coerce(self.column, sa.types.NullType())
        is_unknown = isinstance(self.column.type, sa.types.NullType)
        return sa.cast(self.column, sa.Text()) if is_unknown else self.column

    def _bound(self, value: Any) -> Expression:
        if self.dialect == SQLITE:
            return sa.literal(value, sa.types.NullType())
        dtype = self._compared.type
        if self.dialect == POSTGRESQL:
            # The server reads what it wrote, also values that Python has none for.
            return sa.cast(sa.literal(str(value), sa.String()), dtype)
        return sa.literal(_revived(value, dtype), dtype)

    def _within(self, now: datetime) -> Expression:
        """The values that time can pass: no infinity, nothing that is not a number, no day to come."""
        latest, dtype = now.astimezone(UTC) + _TOLERANCE, self.column.type
        if self.dialect == SQLITE:
            return self._within_sqlite(latest)
        if isinstance(dtype, sa.DateTime):
            local = latest if dtype.timezone else latest.replace(tzinfo=None)
            return self.column <= self._bound(local.isoformat(sep=" "))
        if isinstance(dtype, sa.Date):
            return self.column <= self._bound(latest.date().isoformat())
        if self.dialect == POSTGRESQL and isinstance(dtype, sa.Numeric | sa.Float):
            return sa.cast(self.column, sa.Text()).not_in(_ENDLESS)
        return self.column.is_not(None)

    def _within_sqlite(self, latest: datetime) -> Expression:
        same = _class_of(self.column) == self.stored_as
        if self.stored_as == "number":
            endless = sa.literal(float("inf"), sa.types.NullType())
            return sa.and_(same, self._compared < endless)
        if isinstance(self.column.type, sa.DateTime | sa.Date):
            # A text: with its time of day, a moment of the last day comes behind the bare date of that day.
            return sa.and_(same, self._compared < self._bound((latest + _TOLERANCE).date().isoformat()))
        return same


def _class_of(column: sa.Column[Any]) -> Expression:
    """SQLite: how a value is stored."""
    stored = sa.func.typeof(column)
    return sa.case((stored.in_(("integer", "real")), "number"), else_=stored)


def _kept(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, bytes):
        raise SourceError("the cursor holds bytes, which have no order that can be kept. Choose another `cursor`.")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if not isinstance(value, int | float | str) else value


def _revived(value: Any, dtype: sa.types.TypeEngine[Any]) -> Any:
    """A kept value as the drivers of other databases take it."""
    if isinstance(dtype, sa.DateTime):
        return datetime.fromisoformat(value)
    if isinstance(dtype, sa.Date):
        return date.fromisoformat(value)
    return Decimal(value) if isinstance(dtype, sa.Numeric) and isinstance(value, str) else value
