"""The best model of a training as challenger: registered, compared with the champion, promoted or rejected.

Here: the steps between a training and a champion. Not here: training, the gate's conditions (`ml.evaluation.gate`),
promotion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ml.dataset.task import Task
from ml.evaluation.gate import CHAMPION as CHAMPION_RISK
from ml.evaluation.gate import RULE, Verdict, judge
from ml.models.model import ScoringError
from ml.models.model_files import ModelFileError
from ml.tracking.registry import CHALLENGER, ModelVersion, RegistryError
from opsguard_assets.models.files import record_files, version_key
from opsguard_assets.models.promotion import GATE, GATE_LABEL, PASSED, REASONS_LABEL, REJECTED, ModelCatalog
from opsguard_assets.models.serving import champion_of


class RejectedError(RuntimeError):
    """The gate promotes no version; the message says why."""


@dataclass(frozen=True)
class Challenge:
    """A challenger and the verdict of the gate."""

    version: ModelVersion
    verdict: Verdict


@dataclass(frozen=True)
class Contest:
    """The data on which a challenger is compared.

    Attributes:
        task: The problem.
        rows: Moments unseen by the challenger: the features, `is_event`, `lead_minutes`, `risk` (the
            challenger's) and `risk_of_rule`.
    """

    task: Task
    rows: pl.DataFrame


def enter(
    catalog: ModelCatalog, run_id: str, contest: Contest, *, description: str, files: Mapping[str, str]
) -> Challenge:
    """Registers the model of a run as challenger, records the digests of its files, and runs the gate.

    The champion is scored on the same moments. It may have been trained on some of them, which favours the champion: a
    challenger that wins is better.
    """
    version = catalog.registry.register(contest.task.problem, run_id, description=description)
    record_files(catalog.champions.database, version.problem, version_key(version), files)
    challenge = Challenge(version, verdict_of(catalog, contest))
    label(catalog, challenge)
    # Last, so that who finds a challenger finds its digests and its verdict.
    catalog.registry.point(CHALLENGER, version)
    return challenge


def label(catalog: ModelCatalog, challenge: Challenge) -> None:
    """Writes the verdict of the gate as tags of the version, where MLflow shows them and `admit` reads them."""
    said = PASSED if challenge.verdict.passes else REJECTED
    labels = {GATE_LABEL: said, REASONS_LABEL: "\n".join(challenge.verdict.reasons)}
    catalog.registry.label(challenge.version, labels)


def verdict_of(catalog: ModelCatalog, contest: Contest) -> Verdict:
    """The verdict of the gate on a challenger, compared with the champion if one can score."""
    names = {f"segment_{name}": shown for name, shown in contest.task.segments.items()}
    rows = contest.rows.with_columns(**names)
    said = _of_champion(catalog, contest.task.problem, rows)
    return judge(rows if said is None else rows.with_columns(said), segments=list(names), event=contest.task.event)


def admit(catalog: ModelCatalog, problem: str, *, at: datetime) -> ModelVersion:
    """Makes the challenger champion.

    Raises:
        RejectedError: When there is none, or the gate rejected it.
    """
    version = catalog.champions.challenger(problem)
    if version is None:
        raise RejectedError(f"{problem} has no challenger; `opsguard train {problem}` makes one.")
    labels = catalog.registry.labels(version)
    reasons = labels.get(REASONS_LABEL, "the gate has not evaluated it").splitlines()
    if labels.get(GATE_LABEL) != PASSED:
        raise RejectedError(f"The gate rejected version {version.version} of {problem}: {'; '.join(reasons)}")
    catalog.promote(version, at=at, actor="the gate", cause=GATE, reasons=reasons)
    catalog.registry.clear(CHALLENGER, problem)
    return version


def beside(rows: pl.DataFrame, rule: pl.DataFrame, *, key: str) -> pl.DataFrame:
    """The challenger's rows with the risk of the rule at the same moments."""
    said = rule.select(key, "as_of", pl.col("risk").alias(RULE))
    return rows.join(said, on=[key, "as_of"], how="left", maintain_order="left")


def _of_champion(catalog: ModelCatalog, problem: str, rows: pl.DataFrame) -> pl.Series | None:
    """The risks of the champion, if it can score. A champion that cannot score does not block a challenger."""
    version = catalog.champions.current(problem)
    try:
        return champion_of(catalog.champions, version).predict(rows).alias(CHAMPION_RISK) if version else None
    except (ModelFileError, RegistryError, ScoringError):
        return None
