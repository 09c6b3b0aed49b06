"""How a version becomes champion: by the gate, by a person, by going back; each leaves a line in the history.

Here: the order of steps. Not here: the gate's conditions (`ml.evaluation.gate`) and the history's table (`champions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml.tracking.registry import CHAMPION, ModelVersion, Registry
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.serving import champion_of

GATE, PROMOTED, ROLLED_BACK, IN_MLFLOW = "gate", "promoted", "rolled back", "changed in MLflow"
# Labels beside a version in the registry: what the gate says of it, and why.
GATE_LABEL, REASONS_LABEL = "gate", "gate_reasons"
PASSED, REJECTED = "passed", "kept out"


class PromotionError(RuntimeError):
    """A version cannot become champion; the message says why and what can be done."""


class GateError(PromotionError):
    """The gate has not let a version in; the message says why, and how a person overrules it."""


@dataclass(frozen=True)
class ModelCatalog:
    """Where champions are made."""

    registry: Registry
    champions: Champions

    def promote(
        self,
        version: ModelVersion,
        *,
        at: datetime,
        actor: str,
        cause: str,
        reasons: Sequence[str],
        overrules: bool = False,
    ) -> ModelVersion:
        """Makes a version champion. The history keeps what the gate said of it.

        Args:
            version: The version.
            at: Since when.
            actor: Who or what makes it champion.
            cause: One of the causes above.
            reasons: Why.
            overrules: A person knows better than the gate, and says so.

        Raises:
            GateError: When a person promotes what the gate has not let in, and does not overrule it.
            ModelFileError: When it cannot be read, holds what is not trusted, or is not what was recorded; the champion
                stays who it was.
        """
        champion_of(self.champions, version)
        labels = self.registry.labels(version)
        gate = labels.get(GATE_LABEL)
        if cause == PROMOTED and gate != PASSED and not overrules:
            raise GateError(_refused(version, labels))
        with self.champions.changing(version.problem):
            self.registry.point(CHAMPION, version)
            self.champions.note(version.problem, version, at=at, actor=actor, cause=cause, reasons=reasons, gate=gate)
        return version

    def roll_back(self, problem: str, *, at: datetime, actor: str, reasons: Sequence[str]) -> ModelVersion | None:
        """Brings back the champion before the current one; the rule where there was none.

        Raises:
            PromotionError: When nobody is champion.
        """
        history = self.champions.history(problem)
        if not history or history[0].version is None:
            raise PromotionError(f"{problem} has no champion to go back from; `opsguard promote {problem}` names one.")
        # Going back twice goes back two steps: a line that went back is no step forward.
        came = next(line for line in history if line.version == history[0].version and line.cause != ROLLED_BACK)
        before = came.replaced
        if before is not None:
            version = self.registry.named(problem, before)
            return self.promote(version, at=at, actor=actor, cause=ROLLED_BACK, reasons=reasons)
        with self.champions.changing(problem):
            self.registry.clear(CHAMPION, problem)
            self.champions.note(problem, None, at=at, actor=actor, cause=ROLLED_BACK, reasons=reasons)
        return None


def _refused(version: ModelVersion, labels: Mapping[str, str]) -> str:
    name = f"version {version.version} of {version.problem}"
    why = labels.get(REASONS_LABEL, "").splitlines()
    said = [f"The gate keeps {name} out:", *(f"  {reason}" for reason in why)]
    if GATE_LABEL not in labels:
        said = [f"The gate has not judged {name}."]
    return "\n".join([*said, "It stays as it is. `--force` makes it champion all the same; the history keeps that."])


def reconcile(champions: Champions, problem: str, *, at: datetime) -> bool:
    """Notes an alias that somebody moved in MLflow itself.

    Returns:
        Whether the history did not know it.
    """
    with champions.changing(problem):
        current = champions.current(problem)
        if current is None and not champions.history(problem):
            return False
        return champions.note(problem, current, at=at, actor="MLflow", cause=IN_MLFLOW, reasons=[])
