"""Decisions about recipients in the database, and the messages that follow from them, in the caller's transaction.

Here: recording them, planning and superseding their effects. Not here: deciding (`opsguard_assets.routing`), sending
(`opsguard_assets.delivery`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import State
from opsguard_assets.incidents.notices import DECIDED_TOLD, RAISED
from resources.sql import statement

# The kind of effect that messages are.
MESSAGE: Final = "message"


class MessageKeyError(ValueError):
    """A message would have a key with an empty part, and with it the key of another one."""


def record(connection: Connection, notices: pl.DataFrame, *, at: datetime, actor: str) -> int:
    """Records decisions and plans the messages among them; what has its key already is not planned again.

    Args:
        connection: An open transaction.
        notices: Rows of `NOTICE`, `OF_EXECUTION` or `OF_QUESTION`.
        at: The time of the clock (UTC).
        actor: Who decided, for the history.

    Returns:
        How many messages were planned.

    Raises:
        MessageKeyError: When a key has an empty part.
    """
    if notices.is_empty():
        return 0
    wrong = notices.filter(
        pl.col("decision") == DECIDED_TOLD,
        pl.col("message_key").is_null() | pl.col("message_key").str.contains("//|/$"),
    )
    if len(wrong):
        raise MessageKeyError(f"{len(wrong)} messages have a key with an empty part, such as {wrong.row(0)}")
    rows = connection.execute(statement(__name__, "telling/record"), {"rows": notices.write_json(), "at": at}).all()
    new = pl.DataFrame(
        [(row.notice_id, row.message_key) for row in rows if row.message_key is not None],
        schema={"notice_id": pl.Int64, "message_key": pl.String},
        orient="row",
    )
    payload = pl.struct(
        "notice_id", "kind", "channel", "address", "person_id", "incident_id", "step", "is_critical",
        *(name for name in ("execution_id", "about", "zone") if name in notices.columns),
        version="incident_version",
    )  # fmt: skip
    effects = notices.join(new, on="message_key", how="inner", maintain_order="left").select(
        key="message_key", target="channel", rank=pl.col("priority").cast(pl.Float64), payload=payload, due_at="due_at"
    )
    planned = effects_io.plan(connection, MESSAGE, effects, at=at, actor=actor)
    connection.execute(statement(__name__, "telling/effects"), {"rows": planned.write_json()})
    return len(planned)


def supersede(
    connection: Connection,
    incident_ids: Sequence[int],
    kinds: Sequence[str],
    *,
    at: datetime,
    actor: str,
    words: str,
) -> list[int]:
    """Takes back planned messages of some kinds about some incidents, and what waits for a digest with `RAISED`.

    Returns:
        The effects that were taken back; what is being handed over already is left.
    """
    if not incident_ids:
        return []
    values = {"incident_ids": list(incident_ids), "kinds": list(kinds)}
    asked = connection.execute(statement(__name__, "telling/planned"), values).scalars()
    settled = effects_io.settle_planned(connection, list(asked), State.SUPERSEDED, at=at, actor=actor, words=words)
    marked = {"effect_ids": settled, "incident_ids": list(incident_ids), "digests": RAISED in kinds, "words": words}
    connection.execute(statement(__name__, "telling/superseded"), marked)
    return settled
