"""Asking people and ending the question: their messages, in the transaction that asks or decides.

Here: approvals and offers alike, by `about`: `approval/7`, `offer/3`. Not here: who is asked (`readers`), deciding
(`remediation.engine`, `offering`), what messages say (`delivery`).

A question ends once, whatever surface decided. What was not handed over then is taken back; a message that can be
edited loses its buttons. What is being handed over at that moment is caught up when its place is noted
(`delivery.adapter_io`), which waits for the decision by the lock of the question's own row.
"""

from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Row

from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import State
from opsguard_assets.incidents.messages_io import record
from opsguard_assets.incidents.notices import APPROVAL, DECIDED_TOLD, OF_QUESTION, OFFER, UPDATE
from resources.sql import statement

# A question that expires is worth interrupting somebody, whatever the priority of its alert (docs/triage.md).
_LEAST_RANK: Final = 85
# Where it stands what a question is about.
_ABOUT: Final = {APPROVAL: "asking/approval", OFFER: "asking/offer"}


def ask(connection: Connection, about: str, readers: pl.DataFrame, *, at: datetime, actor: str) -> int:
    """Plans the messages that ask people for a decision; who cannot be reached is noted with the reason.

    Args:
        connection: The transaction that asks: the row of the approval or offer is in it.
        about: What is asked: `approval/7` or `offer/3`.
        readers: Rows of `readers.READERS`.
        at: The time of the clock (UTC).
        actor: Who asks, for histories.

    Returns:
        How many messages were planned; nobody learns of the question where that is 0.
    """
    row = _asked(connection, about)
    reached = pl.col("address").is_not_null()
    nobody = pl.when(pl.col("person_id").is_null()).then(pl.lit("not on duty")).otherwise(pl.lit("no address"))
    unreached = (
        pl.when(pl.col("person_id").is_null())
        .then("why")
        .otherwise(pl.format("{}; no channel has an address of theirs", "why"))
    )
    notices = readers.unique(["person_id", "channel", "address"], maintain_order=True).with_columns(
        kind=pl.lit(about.partition("/")[0]), step=pl.lit(row.step), execution_id=pl.lit(row.execution_id),
        rule=pl.lit(f"playbook {row.playbook}"),
        decision=pl.when(reached).then(pl.lit(DECIDED_TOLD)).otherwise(nobody),
        reason=pl.when(reached).then("why").otherwise(unreached),
        message_key=pl.when(reached).then(pl.concat_str(pl.lit(about), "channel", "address", separator="/")),
        channel=pl.col("channel").fill_null("none"),
        # In doubt it is sent again: an answer is counted once, and without the question nothing is done.
        is_critical=pl.lit(value=True),
    )  # fmt: skip
    return _record(connection, notices, about, max(row.priority, _LEAST_RANK), at=at, actor=actor)


def end(connection: Connection, about: str, *, at: datetime, actor: str, words: str) -> None:
    """Ends a question for all who were asked: what was not sent is taken back, and buttons go.

    Args:
        connection: The transaction that decides; it has written the decision into the row of the question already.
        about: What was asked.
        at: The time of the clock (UTC).
        actor: Who decided, for histories.
        words: What was decided, for those who look why they got nothing.
    """
    row = _asked(connection, about)
    of_question = {"execution_id": row.execution_id, "beginning": f"{about}/"}
    planned = connection.execute(statement(__name__, "asking/planned"), of_question).scalars().all()
    taken = effects_io.settle_planned(connection, planned, State.SUPERSEDED, at=at, actor=actor, words=words)
    connection.execute(statement(__name__, "asking/superseded"), {"effect_ids": taken, "words": words})
    _edit(connection, about, row, "over", at=at, actor=actor, words=words)


def refresh(connection: Connection, about: str, mark: str, *, at: datetime, actor: str, words: str) -> None:
    """Shows the present state of a question that is still open in messages that can be edited: one of two has agreed.

    Args:
        connection: The transaction that changed it.
        about: What is asked.
        mark: By what each edit is recognised, such as `vote/P1`; it is planned once.
        at: The time of the clock (UTC).
        actor: Who changed it, for histories.
        words: What has changed.
    """
    _edit(connection, about, _asked(connection, about), mark, at=at, actor=actor, words=words)


def _edit(
    connection: Connection, about: str, row: Row[Any], mark: str, *, at: datetime, actor: str, words: str
) -> None:
    of_question = {"execution_id": row.execution_id, "beginning": f"{about}/"}
    sent = connection.execute(statement(__name__, "asking/sent"), of_question).mappings().all()
    edits = pl.DataFrame([dict(each) for each in sent], schema=_SENT).with_columns(
        message_key=pl.concat_str("message_key", pl.lit(f"/{mark}")), kind=pl.lit(UPDATE),
        is_critical=pl.lit(value=False), decision=pl.lit(DECIDED_TOLD), reason=pl.lit(words),
        execution_id=pl.lit(row.execution_id),
    )  # fmt: skip
    _record(connection, edits, about, max(row.priority, _LEAST_RANK), at=at, actor=actor)


_SENT: Final = pl.Schema(
    {name: OF_QUESTION[name] for name in ("step", "audience", "person_id", "channel", "address", "rule", "message_key")}
)


def _record(connection: Connection, rows: pl.DataFrame, about: str, rank: int, *, at: datetime, actor: str) -> int:
    """Rows of decisions with what all of them share."""
    shared = {"about": pl.lit(about), "urgency": pl.lit("now"), "due_at": pl.lit(at), "priority": pl.lit(rank)}
    absent = {name: pl.lit(None) for name in OF_QUESTION if name not in (*rows.columns, *shared)}
    whole = rows.with_columns(**shared, **absent)
    return record(
        connection,
        whole.select(pl.col(name).cast(dtype) for name, dtype in OF_QUESTION.items()),
        at=at,
        actor=actor,
    )


def _asked(connection: Connection, about: str) -> Row[Any]:
    """What a question is about: `execution_id`, `step`, `playbook`, `priority`.

    Raises:
        ValueError: When the text names no question.
        sqlalchemy.exc.NoResultFound: When there is none of that number.
    """
    kind, _, number = about.partition("/")
    if kind not in _ABOUT or not number.isdecimal():
        raise ValueError(f"a question is written like approval/7 or offer/3, not {about!r}")
    return connection.execute(statement(__name__, _ABOUT[kind]), {"number": int(number)}).one()
