"""The champion version of a model, now and at any time, and who or what promoted it.

Here: `model_history`, and the aliases of MLflow's registry read from its tables, because a tick cannot wait for MLflow
to be imported. Not here: writing aliases and loading models (`ml`).
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from ml.tracking.registry import CHALLENGER, CHAMPION, ModelVersion
from resources.database import MLFLOW, Database
from resources.sql import statement


@dataclass(frozen=True)
class Promotion:
    """One line of the history of a problem's champion.

    Attributes:
        problem: The problem.
        version: The version that became champion; None where the alias was removed.
        run_id: Its MLflow run.
        at: Since when.
        actor: A person, or the gate.
        cause: gate, promoted, rolled back, or changed in MLflow.
        reasons: The conditions of the gate in words, or the text of a person.
        replaced: The previous champion.
        gate: The verdict of the gate at that time; None where there was none, or before it was recorded.
    """

    problem: str
    version: str | None
    run_id: str | None
    at: datetime
    actor: str
    cause: str
    reasons: tuple[str, ...]
    replaced: str | None
    gate: str | None = None


@dataclass(frozen=True)
class Champions:
    """The champions of all problems."""

    database: Database

    def current(self, problem: str) -> ModelVersion | None:
        """The version with the alias `champion` now, or None."""
        return self._alias(problem, CHAMPION)

    def active_version(self, problem: str, as_of: datetime) -> ModelVersion | None:
        """The version that scores a moment; a moment is never scored by a later champion.

        For moments since the last change it is the version with the alias.
        """
        history = self.history(problem)
        if not history or as_of >= history[0].at:
            return self.current(problem)
        then = self.at(problem, as_of)
        return self._version(problem, then.version) if then and then.version else None

    def challenger(self, problem: str) -> ModelVersion | None:
        """The version that waits to be compared with the champion."""
        return self._alias(problem, CHALLENGER)

    def at(self, problem: str, instant: datetime) -> Promotion | None:
        """The champion at a time; None before the first one."""
        with self.database.begin() as connection:
            row = connection.execute(
                text(
                    "SELECT * FROM model_history WHERE problem = :problem AND at <= :instant ORDER BY at DESC, "
                    "promotion_id DESC LIMIT 1"
                ),
                {"problem": problem, "instant": instant},
            ).mappings()
            found = row.first()
        return _promotion(found) if found else None

    def history(self, problem: str) -> list[Promotion]:
        """All champions of a problem, newest first."""
        with self.database.begin() as connection:
            rows = connection.execute(
                text("SELECT * FROM model_history WHERE problem = :problem ORDER BY at DESC, promotion_id DESC"),
                {"problem": problem},
            ).mappings()
            return [_promotion(row) for row in rows]

    def changing(self, problem: str) -> AbstractContextManager[None]:
        """A lock for changing the alias and the history together; readers never see one without the other."""
        return self.database.lock(f"opsguard champion {problem}")

    def note(
        self,
        problem: str,
        version: ModelVersion | None,
        *,
        at: datetime,
        actor: str,
        cause: str,
        reasons: Sequence[str],
        gate: str | None = None,
    ) -> bool:
        """Records that a version is the champion from a time on, unless the history has it already.

        Returns:
            Whether a line was added.
        """
        with self.database.begin() as connection:
            last = self._last(connection, problem)
            before = last["version"] if last else None
            number = version.version if version else None
            if before == number:
                return False
            connection.execute(
                text(
                    "INSERT INTO model_history (problem, version, run_id, at, actor, cause, reasons, replaced, gate) "
                    "VALUES (:problem, :version, :run_id, :at, :actor, :cause, CAST(:reasons AS jsonb), :replaced, "
                    ":gate)"
                ),
                {
                    "problem": problem,
                    "version": number,
                    "run_id": version.run_id if version else None,
                    # Clocks differ between machines: the line that is noted last must be the newest one.
                    "at": max(at, last["at"]) if last else at,
                    "actor": actor,
                    "cause": cause,
                    "reasons": json.dumps(list(reasons)),
                    "replaced": before,
                    "gate": gate,
                },
            )
            return True

    @staticmethod
    def _last(connection: Connection, problem: str) -> Any:
        return (
            connection.execute(
                text(
                    "SELECT * FROM model_history WHERE problem = :problem ORDER BY at DESC, promotion_id DESC LIMIT 1"
                ),
                {"problem": problem},
            )
            .mappings()
            .first()
        )

    def _alias(self, problem: str, alias: str) -> ModelVersion | None:
        """An alias of the registry; None also before MLflow has created its tables."""
        return self._registered("version_of_alias", problem, alias)

    def _version(self, problem: str, number: str) -> ModelVersion | None:
        return self._registered("version_of_number", problem, number)

    def _registered(self, asked: str, problem: str, value: str) -> ModelVersion | None:
        with self.database.begin() as connection:
            if connection.execute(text(f"SELECT to_regclass('{MLFLOW}.registered_model_aliases')")).scalar() is None:
                return None
            row = connection.execute(statement(__name__, asked), {"problem": problem, "value": value}).first()
        return ModelVersion(problem, str(row.version), str(row.run_id), str(row.source)) if row else None


def _promotion(row: Any) -> Promotion:
    names = ("problem", "version", "run_id", "at", "actor", "cause", "replaced", "gate")
    return Promotion(**{name: row[name] for name in names}, reasons=tuple(row["reasons"]))
