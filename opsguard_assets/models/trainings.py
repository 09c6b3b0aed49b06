"""The models of past trainings, and which of them may be evaluated on a period.

Here: folders of trainings, the best model first, and the choice for evaluation and replay. Not here: training, versions
in the registry (`ml.tracking.registry`) and what scores a tick (`serving`).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ml.models.learned import LearnedModel
from ml.models.model_files import digests_of, save
from opsguard_assets.models.files import load_verified, record_files, training_key
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.serving import learned_until, trained_of

CHAMPION, CANDIDATE = "champion", "candidate"
_RANKING = "ranking.json"


class NoModelError(RuntimeError):
    """No trained model may be evaluated here; the message says what to do."""


def keep(catalog: ModelCatalog, problem: str, until: datetime, ranked: Sequence[LearnedModel]) -> None:
    """Stores the models of a training, best first, for `trained_by`, and records their digests."""
    folder = _folder_of(catalog.registry.place.trainings, problem, until)
    for model in ranked:
        save(model, folder / model.name)
        key = training_key(folder.name, model.name)
        record_files(catalog.champions.database, problem, key, digests_of(folder / model.name))
    # Written last: a folder without it is a training that did not end.
    (folder / _RANKING).write_text(json.dumps([model.name for model in ranked]), encoding="utf-8")


def trained_by(catalog: ModelCatalog, problem: str, moment: datetime) -> list[LearnedModel]:
    """The models of the newest training whose data ends before `moment`, best first; empty before the first one.

    Raises:
        NoModelError: When its folder is incomplete.
        ModelFileError: When a model cannot be read, or differs from the recorded digests.
    """
    trainings, database = catalog.registry.place.trainings, catalog.champions.database
    last = _folder_of(trainings, problem, moment).name
    before = sorted(folder for folder in (trainings / problem).glob("*Z") if folder.name <= last)
    if not before:
        return []
    folder = before[-1]
    return [
        load_verified(database, problem, training_key(folder.name, name), folder / name) for name in _ranking(folder)
    ]


def in_roles(catalog: ModelCatalog, problem: str, moment: datetime) -> list[tuple[str, LearnedModel]]:
    """The models whose training data ends before a moment.

    Returns:
        Role and model. First the active champion, if it qualifies; then the models of the newest training before the
        moment, best first, which need not have been champion.

    Raises:
        NoModelError: When there is neither.
    """
    trained = trained_by(catalog, problem, moment)
    version = catalog.champions.current(problem)
    champion, until = trained_of(catalog.champions, version) if version else (None, moment)
    if champion is not None and until <= moment:
        others = [model for model in trained if (model.name, learned_until(model)) != (champion.name, until)]
        return [(CHAMPION, champion), *((CANDIDATE, model) for model in others)]
    if not trained:
        raise NoModelError(
            f"No model was trained on what was known by {moment:%Y-%m-%d %H:%M} UTC. Run `opsguard train "
            f"{problem} --until {moment:%Y-%m-%dT%H:%MZ}` first: a model is evaluated on data that it has not seen."
        )
    return [(CANDIDATE, model) for model in trained]


def _folder_of(trainings: Path, problem: str, until: datetime) -> Path:
    """The folder of a training's models; the names sort by time."""
    return trainings / problem / until.strftime("%Y%m%dT%H%M%SZ")


def _ranking(folder: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads((folder / _RANKING).read_text(encoding="utf-8"))]
    except (OSError, ValueError) as error:
        raise NoModelError(f"{folder} is not a complete training ({error}); train again.") from error
