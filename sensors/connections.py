"""Connections to Dagster's PostgreSQL that stay open while a run executes.

Here: keeping and closing them. Not here: OpsGuard's own database (`resources.database`), servers, which keep theirs
(`resources.serving`).

Dagster's storages open a connection per call: a run of `sync` opens a thousand, and most of its time goes into them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from sqlalchemy import Engine

_STATEMENT_SECONDS, _RECYCLE_SECONDS, _MORE = 300, 3600, 20


@contextmanager
def kept_open(instance: dg.DagsterInstance) -> Iterator[None]:
    """Keeps the connections of an instance's storages open inside, and closes them afterwards.

    A connection that the server has closed meanwhile is replaced before it is used. Storages without PostgreSQL stay as
    they are.
    """
    # Dagster keeps connections for its web server only, and has no way to close them: the engines are private.
    storages: list[Any] = [instance.run_storage, instance.event_log_storage, instance.schedule_storage]
    before = [(storage, engine) for storage in storages if (engine := _postgres_of(storage))]
    for storage, _ in before:
        storage.optimize_for_webserver(_STATEMENT_SECONDS * 1000, _RECYCLE_SECONDS, _MORE)
        storage._engine.pool._pre_ping = True  # noqa: SLF001
    try:
        yield
    finally:
        for storage, engine in before:
            storage._engine.dispose()  # noqa: SLF001
            storage._engine = engine  # noqa: SLF001


def _postgres_of(storage: object) -> Engine | None:
    engine = getattr(storage, "_engine", None)
    return engine if isinstance(engine, Engine) and engine.dialect.name == "postgresql" else None
