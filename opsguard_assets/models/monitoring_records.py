"""The records of model monitoring in the database. Not here: computing them (`monitoring`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from resources.database import Database
from resources.sql import statement


@dataclass(frozen=True)
class MonitoringRecord:
    """The result of monitoring one model version at one moment.

    Attributes:
        problem: The problem.
        version: The version.
        as_of: The moment; only what was known by then was read.
        is_useful: False when the model is worse than the trailing rate. The rule then scores until a later record is
            better.
        wants_training: Whether the model has degraded so far that a training is requested.
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


def store(database: Database, record: MonitoringRecord) -> None:
    """Stores a record; a record of the same version and moment is replaced."""
    with database.begin() as connection:
        connection.execute(
            statement(__name__, "store_monitoring_record"), {**vars(record), "figures": json.dumps(record.figures)}
        )


def last_record(database: Database, problem: str, version: str | None, as_of: datetime) -> MonitoringRecord | None:
    """The newest record of a version (of any version if None) up to an instant."""
    newest = text(
        "SELECT problem, version, as_of, is_useful, wants_training, words, figures FROM model_watch "
        "WHERE problem = :problem AND (CAST(:version AS text) IS NULL OR version = :version) AND as_of <= :as_of "
        "ORDER BY as_of DESC LIMIT 1"
    )
    with database.begin() as connection:
        row = connection.execute(newest, {"problem": problem, "version": version, "as_of": as_of}).mappings().first()
    return MonitoringRecord(**row) if row else None
