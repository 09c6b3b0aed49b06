"""The digests of model files in the database: a model scores only if its files match the recorded digests.

Here: recording, and loading a model with its digests. Not here: files and digests (`ml.models.model_files`), and the
reaction to a mismatch (`serving`: the rule scores, and operators get an alert).

Digests are recorded at the training. For older models the digests of the first use count; earlier changes cannot be
detected, and `opsguard models` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from ml.models.learned import LearnedModel
from ml.models.model_files import ModelFileError, digests_of, load
from ml.tracking.registry import ModelVersion, RegistryError
from resources.database import Database

TRAINED, FIRST_USE = "trained", "first use"


@dataclass(frozen=True)
class RecordedFiles:
    """The recorded digests of a model's files.

    Attributes:
        digests: File to SHA-256.
        cause: `TRAINED` or `FIRST_USE`.
        recorded_at: When.
    """

    digests: Mapping[str, str]
    cause: str
    recorded_at: datetime


def version_key(version: ModelVersion) -> str:
    """The key of a version of the registry."""
    return f"version {version.version}"


def training_key(stamp: str, candidate: str) -> str:
    """The key of a candidate of a training."""
    return f"training {stamp} {candidate}"


def record_files(
    database: Database, problem: str, model: str, digests: Mapping[str, str], *, cause: str = TRAINED
) -> None:
    """Records the digests of a model's files. A training replaces earlier digests; a first use never does."""
    rows = [
        {"problem": problem, "model": model, "file": file, "sha256": sha256, "cause": cause}
        for file, sha256 in digests.items()
    ]
    insert = text(
        "INSERT INTO model_files (problem, model, file, sha256, cause) "
        "VALUES (:problem, :model, :file, :sha256, :cause) ON CONFLICT DO NOTHING"
    )
    with database.begin() as connection:
        if cause == TRAINED:
            forget = text("DELETE FROM model_files WHERE problem = :problem AND model = :model")
            connection.execute(forget, {"problem": problem, "model": model})
        connection.execute(insert, rows)


def recorded_files(database: Database, problem: str, model: str) -> RecordedFiles | None:
    """The recorded digests of a model's files, or None."""
    statement = text(
        "SELECT file, sha256, cause, recorded_at FROM model_files WHERE problem = :problem AND model = :model"
    )
    with database.begin() as connection:
        rows = connection.execute(statement, {"problem": problem, "model": model}).all()
    return RecordedFiles({row.file: row.sha256 for row in rows}, rows[0].cause, rows[0].recorded_at) if rows else None


def load_verified(database: Database, problem: str, model: str, folder: Path) -> LearnedModel:
    """Loads a model whose files match the recorded digests; those of an older model are recorded now.

    Raises:
        ModelFileError: When it cannot be read, contains untrusted types, or differs from the recorded digests.
    """
    noted = recorded_files(database, problem, model)
    digests = noted.digests if noted else digests_of(folder)
    read = load(folder, digests)
    if noted is None:
        record_files(database, problem, model, digests, cause=FIRST_USE)
    return read


def check_files(database: Database, version: ModelVersion) -> tuple[bool, str]:
    """Whether the files of a version can be used, and why, in words."""
    noted = recorded_files(database, version.problem, version_key(version))
    try:
        load(version.folder, noted.digests if noted else None)
    except (ModelFileError, RegistryError) as error:
        return False, str(error)
    if noted is None:
        return True, "not recorded yet; the next use records them"
    if noted.cause == FIRST_USE:
        return (
            True,
            f"as recorded at their first use, {noted.recorded_at:%Y-%m-%d %H:%M} UTC; earlier changes are unknown",
        )
    return True, "as recorded when it was trained"
