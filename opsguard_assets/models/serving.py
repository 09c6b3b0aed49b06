"""Chooses the model that scores a tick: the champion, or the rule where no champion can be used.

Here: choosing and loading, once per run, and the reason in words. Not here: scoring, and promotion.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from ml.models.learned import LearnedModel
from ml.models.model import RiskModel, ScoringError
from ml.models.model_files import ModelFileError
from ml.tracking.registry import ModelVersion, RegistryError
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.files import load_verified, version_key
from opsguard_assets.models.monitoring_records import last_record


@dataclass(frozen=True)
class Serving:
    """The model of a tick.

    Attributes:
        model: What scores.
        run_id: The MLflow run of a learned model; None for the rule.
        trouble: Why the rule scores instead of a learned model; None if the model can be used.
        is_trained: Whether the problem ever had a champion. Before that, scoring by the rule is expected.
    """

    model: RiskModel
    run_id: str | None = None
    trouble: str | None = None
    is_trained: bool = True


def serving(
    champions: Champions, problem: str, rule: RiskModel, as_of: datetime, *, makes: Callable[[str], bool]
) -> Serving:
    """The champion of a problem, or the rule with the reason.

    Args:
        champions: The champions.
        problem: The problem.
        rule: Scores if no champion can.
        as_of: The moment to score.
        makes: Whether a feature can be computed today; a champion that needs others cannot score.
    """
    version = champions.active_version(problem, as_of)
    if version is None:
        had_one = bool(champions.history(problem))
        remedy = (
            f"`opsguard rollback {problem}` brings the last one back" if had_one else f"run `opsguard train {problem}`"
        )
        return Serving(rule, trouble=f"no champion of {problem}: the rule scores; {remedy}", is_trained=had_one)
    try:
        model = champion_of(champions, version)
        _check_features(model, makes)
    except (ModelFileError, RegistryError) as error:
        remedy = f"train again, or `opsguard rollback {problem}`"
        trouble = f"champion {version.version} of {problem} cannot be used: {error}; the rule scores. {remedy}"
        return Serving(rule, trouble=trouble)
    watch = last_record(champions.database, problem, version.version, as_of)
    if watch is not None and not watch.is_useful:
        trouble = (
            f"champion {version.version} of {problem} is not listened to: {watch.words}; the rule scores. Train again, "
            f"or `opsguard rollback {problem}`"
        )
        return Serving(rule, trouble=trouble)
    return Serving(model, run_id=version.run_id)


def scored_by(
    served: Serving, problem: str, rule: RiskModel, score: Callable[[Serving], pl.DataFrame]
) -> tuple[Serving, pl.DataFrame]:
    """Scores a tick by the serving model, or by the rule where that model fails; what scored, and its rows.

    Args:
        served: The model of the tick.
        problem: The problem.
        rule: What scores where the champion cannot.
        score: Scores the tick.
    """
    try:
        return served, score(served)
    except ScoringError as error:
        trouble = (
            f"the champion of {problem} fails: {error}; the rule scores. Train again, or `opsguard rollback {problem}`"
        )
        instead = Serving(rule, trouble=trouble)
        return instead, score(instead)


def _check_features(model: LearnedModel, makes: Callable[[str], bool]) -> None:
    unknown = sorted(name for name in model.features if not makes(name))
    if unknown:
        raise ModelFileError(f"it reads features that are no longer made: {', '.join(unknown)}")


def learned_until(model: LearnedModel) -> datetime:
    """The end of a model's training data, which is also its version."""
    return datetime.fromisoformat(model.version).replace(tzinfo=UTC)


def trained_of(champions: Champions, version: ModelVersion) -> tuple[LearnedModel, datetime]:
    """The model of a version under the registry's number, and up to when it has learned.

    Raises:
        ModelFileError: When it cannot be read, holds what is not trusted, or is not what was recorded.
        RegistryError: When it does not lie on this machine.
    """
    model = load_verified(champions.database, version.problem, version_key(version), version.folder)
    return replace(model, version=version.version), learned_until(model)


def champion_of(champions: Champions, version: ModelVersion) -> LearnedModel:
    """The model of a version, under the registry's number.

    Raises:
        ModelFileError: When it cannot be read, holds what is not trusted, or is not what was recorded.
        RegistryError: When it does not lie on this machine.
    """
    model = load_verified(champions.database, version.problem, version_key(version), version.folder)
    return replace(model, version=version.version)
