"""Offering a shift to people, one after the other, and their answers: the first yes wins.

Here: rows of offers, asking the next, answers, the record of a yes. Not here: who is asked (`substitutes_io`), messages
and buttons (`asking`, `delivery`), the action (`substituting`).

An answer is one guarded update. The database holds one yes for somebody's part in a shift, also where two executions
ask about it. Who reads that the shift is theirs has it: the transaction that takes the yes plans its record, and the
record is made whatever becomes of the execution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import polars as pl
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from opsguard_assets.incidents.notices import OFFER
from opsguard_assets.remediation.actions.asking import ask, end
from opsguard_assets.remediation.actions.effects import RECORDS, Planned, plan_under
from opsguard_assets.remediation.actions.readers import READERS
from resources.database import Database
from resources.sql import statement

YES, NO, NO_ANSWER, WITHDRAWN, TOO_LATE = "yes", "no", "no answer", "withdrawn", "too late"
Row = Mapping[str, Any]
# Actions whose side effects are carried out whatever becomes of their execution: people were told so.
PROMISED: Final = frozenset({"offer_shift"})


@dataclass(frozen=True)
class Answered:
    """How an answer was taken.

    Attributes:
        offer_id: The offer.
        answer: What is recorded now.
        is_new: Whether this answer was recorded; False where the offer was decided before.
        words: For the person.
    """

    offer_id: int
    answer: str
    is_new: bool
    words: str


_SAID: Final[Mapping[str, str]] = {
    YES: "The shift is yours. Thank you.",
    NO: "You do not take the shift. Thank you for the answer.",
    NO_ANSWER: "The time for an answer is over; somebody else is asked.",
    WITHDRAWN: "The offer was withdrawn.",
    TOO_LATE: "Somebody else has taken the shift.",
}


def answer(
    database: Database,
    offer_id: int,
    said: Literal["yes", "no"],
    *,
    person_id: str,
    at: datetime,
    surface: str,
    travel: timedelta,
) -> Answered:
    """Records the answer of the person who was asked, once; a second one learns the first.

    Args:
        database: Where offers are.
        offer_id: Which.
        said: What they say.
        person_id: Who says it.
        at: The time of the clock (UTC).
        surface: By what: cli, slack, web.
        travel: So long after a yes the person is expected, where the shift has begun by then.

    Raises:
        LookupError: When there is no such offer, or somebody else was asked.
    """
    with database.begin() as connection:
        # The execution first, as the engine does.
        connection.execute(statement(__name__, "offers/execution"), {"offer_id": offer_id})
        row = connection.execute(statement(__name__, "offers/locked"), {"offer_id": offer_id}).mappings().first()
        if row is None or row["person_id"] != person_id:
            raise LookupError(f"there is no offer {offer_id} for {person_id}")
        if row["answer"] is not None:
            return Answered(offer_id, row["answer"], is_new=False, words=_SAID[row["answer"]])
        recorded = _recorded(connection, dict(row), said, at)
        if recorded == YES:
            of_step = {"execution_id": row["execution_id"], "step": row["step"]}
            yes = {**row, "expected_from_at": at + travel}
            effect = record_yes(connection, yes, rank=row["priority"], at=at, actor=person_id)
            connection.execute(statement(__name__, "offers/recorded"), {**of_step, "effect_id": effect.effect_id})
        words = f"{person_id}: {recorded} ({surface})"
        end(connection, f"{OFFER}/{offer_id}", at=at, actor=person_id, words=words)
        connection.execute(statement(__name__, "offers/wake"), {"execution_id": row["execution_id"], "at": at})
    return Answered(offer_id, recorded, is_new=recorded == said, words=_SAID[recorded])


def _recorded(connection: Connection, row: Row, said: str, at: datetime) -> str:
    """Writes the answer down, or why it does not count any more."""
    if not row["is_awaited"]:
        said = WITHDRAWN
    elif row["expires_at"] <= at:
        said = NO_ANSWER
    values = {"offer_id": row["offer_id"], "at": at}
    try:
        # A savepoint: without one, PostgreSQL refuses whatever follows the violation.
        with connection.begin_nested():
            connection.execute(statement(__name__, "offers/answer"), {**values, "answer": said})
    except IntegrityError:  # somebody has said yes to the same shift
        said = TOO_LATE
        connection.execute(statement(__name__, "offers/answer"), {**values, "answer": said})
    return said


def record_yes(connection: Connection, row: Row, *, rank: float, at: datetime, actor: str) -> Planned:
    """Plans the record of a yes, once per offer.

    Args:
        connection: The transaction that takes the yes, or one that looks at it.
        row: Of `shift_offers`, with `expected_from_at`: from when the person is expected, if not from the start.
        rank: How urgent it is.
        at: The time of the clock (UTC).
        actor: Who plans it, for histories.
    """
    expected = row["expected_from_at"]
    payload = substitution(row["shift_id"], row["missing_id"], row["person_id"], expected, is_withdrawn=False)
    key = f"{OFFER}/{row['offer_id']}/yes"
    return plan_under(connection, key, RECORDS, payload, rank=float(rank), at=at, actor=actor)


def substitution(
    shift_id: str, missing_id: str, person_id: str, expected: datetime | None = None, *, is_withdrawn: bool
) -> dict[str, Any]:
    """What the records are told: who has the part of somebody in a shift (`<roster_id>@<day>`), or no longer has it."""
    roster_id, _, on = shift_id.rpartition("@")
    row = {"roster_id": roster_id, "on": on, "person_id": missing_id, "substitute_id": person_id}
    if expected is not None:
        row["expected_from_at"] = expected.isoformat()
    return {"table": "substitutions", "row": row, "is_withdrawn": is_withdrawn}


def offers_of(connection: Connection, execution_id: int, step: int) -> list[Row]:
    """The offers of a step, locked, the first one first."""
    asked = {"execution_id": execution_id, "step": step}
    return [dict(row) for row in connection.execute(statement(__name__, "offers/of_step"), asked).mappings()]


def offer_to(
    connection: Connection,
    place: tuple[int, int],
    part: tuple[str, str],
    candidate: Row,
    *,
    at: datetime,
    until: datetime,
    actor: str,
) -> int | None:
    """Asks one person; None where they were asked by this step before, or nothing reaches them.

    Args:
        connection: The transaction of the engine.
        place: Execution and number of the step.
        part: Which shift, and who is missing in it.
        candidate: `person_id`, `place` and `readers`, rows of `readers.READERS`.
        at: The time of the clock (UTC).
        until: Until when they may answer.
        actor: Who asks, for histories.
    """
    values = {
        "execution_id": place[0], "step": place[1], "place": candidate["place"], "shift_id": part[0],
        "missing_id": part[1], "person_id": candidate["person_id"], "at": at, "until": until,
    }  # fmt: skip
    number = connection.execute(statement(__name__, "offers/ask"), values).scalar()
    if number is None:
        return None
    readers = pl.DataFrame(candidate["readers"], schema=READERS)
    if not ask(connection, f"{OFFER}/{number}", readers, at=at, actor=actor):
        close(connection, int(number), NO_ANSWER, at=at, actor=actor)
        return None
    return int(number)


def close(connection: Connection, offer_id: int, why: str, *, at: datetime, actor: str) -> None:
    """Ends an offer that nobody answered, or that is withdrawn."""
    connection.execute(statement(__name__, "offers/answer"), {"offer_id": offer_id, "answer": why, "at": at})
    end(connection, f"{OFFER}/{offer_id}", at=at, actor=actor, words=why)


def end_open(connection: Connection, execution_id: int, *, step: int | None = None, at: datetime, actor: str) -> None:
    """Withdraws what an execution, or one of its steps, still asks people: it waits for no answer any more."""
    asked = {"execution_id": execution_id, "step": step}
    for offer_id in connection.execute(statement(__name__, "offers/open"), asked).scalars().all():
        close(connection, int(offer_id), WITHDRAWN, at=at, actor=actor)


def taken_by(database: Database, shift_id: str, missing_id: str) -> str | None:
    """Who has said yes to somebody's part in a shift."""
    of_part = {"shift_id": shift_id, "missing_id": missing_id}
    with database.begin() as connection:
        return connection.execute(statement(__name__, "offers/taken"), of_part).scalar()


def withdraw(connection: Connection, offers: Sequence[Row], *, at: datetime) -> str | None:
    """Takes a yes back, so that the shift can be offered again; returns whose it was."""
    for row in offers:
        if row["answer"] == YES:
            connection.execute(statement(__name__, "offers/withdraw"), {"offer_id": row["offer_id"], "at": at})
            return str(row["person_id"])
    return None
