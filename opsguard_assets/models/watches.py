"""The record of how models in use were found. Not here: looking (`watch`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from resources.database import Database


@dataclass(frozen=True)
class Watch:
    """One look at a version of a problem's model.

    Attributes:
        problem: The problem.
        version: The version.
        as_of: When; only what was known by then was looked at.
        is_useful: False: it is worse than the trailing rate, and the rule scores until a later look finds otherwise.
        wants_training: Whether the world has moved so far that a new training is asked for.
        words: The verdict in one sentence.
        figures: The figures behind it.
    """

    problem: str
    version: str
    as_of: datetime
    is_useful: bool
    wants_training: bool
    words: str
    figures: Mapping[str, Any]


def note(database: Database, watch: Watch) -> None:
    """Records a look; looking at the same moment again replaces it."""
    statement = text(
        "INSERT INTO model_watch (problem, version, as_of, is_useful, wants_training, words, figures) VALUES "
        "(:problem, :version, :as_of, :is_useful, :wants_training, :words, CAST(:figures AS jsonb)) "
        "ON CONFLICT (problem, version, as_of) DO UPDATE SET is_useful = EXCLUDED.is_useful, "
        "wants_training = EXCLUDED.wants_training, words = EXCLUDED.words, figures = EXCLUDED.figures"
    )
    with database.begin() as connection:
        connection.execute(statement, {**vars(watch), "figures": json.dumps(watch.figures)})


def last_watch(database: Database, problem: str, version: str | None, as_of: datetime) -> Watch | None:
    """The newest look at a version (any version where None is given) by an instant."""
    statement = text(
        "SELECT problem, version, as_of, is_useful, wants_training, words, figures FROM model_watch "
        "WHERE problem = :problem AND (CAST(:version AS text) IS NULL OR version = :version) AND as_of <= :as_of "
        "ORDER BY as_of DESC LIMIT 1"
    )
    with database.begin() as connection:
        row = connection.execute(statement, {"problem": problem, "version": version, "as_of": as_of}).mappings().first()
    return Watch(**row) if row else None
