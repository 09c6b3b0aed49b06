"""Questions and their answers in the database: answering one, and reading those of some months.

Here: both. Not here: asking (`asking_io`), adding up (`rating`), pages (`web`).
"""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.satisfaction.rating import LEAST, MOST, QUESTION
from opsguard_assets.satisfaction.wording import PageWords, page_words
from resources.database import Database
from resources.sql import statement

SCORES = range(LEAST, MOST + 1)


@dataclass(frozen=True)
class Question:
    """A question as its page shows it.

    Attributes:
        words: What it says.
        score: The answer; None before.
    """

    words: PageWords
    score: int | None


def question(connection: Connection, number: int) -> Question | None:
    """A question by its number; None where there is none."""
    row = connection.execute(statement(__name__, "question"), {"question_id": number}).mappings().first()
    if row is None:
        return None
    return Question(page_words(row["language"], row["month"], row["score"]), row["score"])


def answer(connection: Connection, number: int, score: int, at: datetime) -> int:
    """Answers a question, in the caller's transaction; what it was answered with before stays.

    Args:
        connection: An open transaction.
        number: The question.
        score: 1 to 5.
        at: The time of the clock (UTC).

    Returns:
        The answer that counts.

    Raises:
        ValueError: When the score is none, or there is no such question.
    """
    if score not in SCORES:
        raise ValueError(f"an answer is a whole number from {LEAST} to {MOST}")
    values = {"question_id": number, "score": score, "at": at}
    if connection.execute(statement(__name__, "answer"), values).first() is not None:
        return score
    before = connection.execute(statement(__name__, "question"), {"question_id": number}).mappings().first()
    if before is None:
        raise ValueError(f"there is no question {number}")
    return int(before["score"])


def questions_between(database: Database, first: date, last: date, as_of: datetime) -> pl.DataFrame:
    """The questions about some months, with the answers of a moment: rows of `rating.QUESTION`.

    Args:
        database: Where they are.
        first: First day of the first month.
        last: First day of the last month.
        as_of: The moment (UTC).
    """
    with database.begin() as connection:
        values = {"first": first, "last": last, "as_of": as_of}
        found = connection.execute(statement(__name__, "questions"), values).mappings()
        rows = [tuple(row[name] for name in QUESTION) for row in found]
    return pl.DataFrame(rows, schema=QUESTION, orient="row")
