"""How a database that records come from is addressed, and what it says when it cannot be read.

Here: connections, and errors in words, never a password. Not here: reading rows (`sql_records`), probing (`probe`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from opsguard_assets.config.sources import SqlSource
from opsguard_assets.intake.raw.received import SourceError
from resources.addresses import AddressError, check_address
from resources.room import storage_words


def relation_of(source: SqlSource) -> str:
    """The relation as people write it."""
    return f"{source.db_schema}.{source.relation}" if source.db_schema else source.relation


@contextmanager
def connected(source: SqlSource) -> Iterator[Connection]:
    """A transaction in the source's database; what the database says is told in words.

    Raises:
        SourceError: When its address or driver is not known, or the database or relation cannot be read.
    """
    engine = _engine_of(source)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except NoSuchTableError:
        raise SourceError(
            f"Source {source.name}: there is no table or view {relation_of(source)}. Correct `table` and `schema`."
        ) from None
    except SQLAlchemyError as error:
        raise SourceError(f"Source {source.name}: {_reason_of(error)}") from None
    finally:
        engine.dispose()


def _engine_of(source: SqlSource) -> Engine:
    try:
        check_address(source.url.get_secret_value())
        engine = create_engine(source.url.get_secret_value())
    except AddressError as error:
        raise SourceError(f"Source {source.name}: `url` is not a usable address: {error}.") from None
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        # A port that is not a number is quoted in a ValueError, and may be half a password.
        known = f" ({error})" if isinstance(error, NoSuchModuleError | ModuleNotFoundError) else ""
        raise SourceError(
            f"Source {source.name}: `url` is not an address that SQLAlchemy can use{known}. Write it like "
            "postgresql+psycopg://user:${PASSWORD}@host/database and install the driver that it names."
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _keep_bytes)
    return engine


def _keep_bytes(connection: Any, _record: object) -> None:
    """Text of SQLite that is not UTF-8 arrives with its bytes instead of ending the whole reading."""
    connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")


def _reason_of(error: Exception) -> str:
    """The first line of what the database said, with a remedy; never a password."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    full = storage_words([said], [])
    if full is not None:
        return f"the database answered: {said}. Its own disk is full: tell who runs it"
    return f"the database answered: {said}. Check `url`, `table`, `cursor` and the rights of the user."
