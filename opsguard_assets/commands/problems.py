"""What `train` and `evaluate` share: the problems there are, instants on the command line, folders of models.

Here: words in, typed values out. Not here: learning.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import typer

from ml.learned import LearnedModel
from ml.model_files import load, save

_RANKING = "ranking.json"


class Problem(StrEnum):
    """What can be learned."""

    SLA_BREACH = "sla_breach"
    DEVICE_FAILURE = "device_failure"
    NO_SHOW = "no_show"
    WORK_ORDER_LATE = "work_order_late"


PROBLEM_HELP = (
    "sla_breach: will an open ticket miss its deadline? device_failure: will a device fail or fall silent? "
    "no_show: will nobody come for a shift? work_order_late: will a vendor miss the due time of an order?"
)


class NoModelError(RuntimeError):
    """Nothing was trained that may be judged here; the message says what to do."""


def instant(text: str | None, option: str) -> datetime | None:
    """An instant or a day; without an offset it is UTC.

    Raises:
        BadParameter: When it is neither.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option} {text!r} is no instant; write it like 2026-01-31 or 2026-01-31T12:00Z."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def folder_of(models: Path, problem: Problem, until: datetime) -> Path:
    """Where the models of a training lie; the names sort by time."""
    return models / problem.value / until.strftime("%Y%m%dT%H%M%SZ")


def trained_by(models: Path, problem: Problem, moment: datetime) -> list[LearnedModel]:
    """The models of the newest training that knew nothing later than `moment`, the best first.

    Raises:
        NoModelError: When there is none.
    """
    last = folder_of(models, problem, moment).name
    trainings = sorted((models / problem.value).glob("*Z"))
    before = [folder for folder in trainings if folder.name <= last]
    if not before:
        raise NoModelError(
            f"No model was trained on what was known by {moment:%Y-%m-%d %H:%M} UTC. Run `opsguard train "
            f"{problem.value} --until {moment:%Y-%m-%dT%H:%MZ}` first: a model is judged by what it cannot have seen."
        )
    return [load(before[-1] / name) for name in _ranking(before[-1])]


def keep(models: Path, problem: Problem, until: datetime, ranked: Sequence[LearnedModel]) -> None:
    """Writes the models of a training, the best first, where `trained_by` finds them."""
    folder = folder_of(models, problem, until)
    for model in ranked:
        save(model, folder / model.name)
    (folder / _RANKING).write_text(json.dumps([model.name for model in ranked]), encoding="utf-8")


def _ranking(folder: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads((folder / _RANKING).read_text(encoding="utf-8"))]
    except (OSError, ValueError) as error:
        raise NoModelError(f"{folder} holds no whole training ({error}); train again.") from error
