"""Promotion by the gate or a person, and rollback; each is recorded in the history.

Here: the order of steps. Not here: the gate's conditions (`ml.evaluation.gate`) and the history's table (`champions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml.tracking.registry import CHAMPION, ModelVersion, Registry
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.serving import champion_of

GATE, PROMOTED, ROLLED_BACK, IN_MLFLOW = "gate", "promoted", "rolled back", "changed in MLflow"
# Tags of a version in the registry: the verdict of the gate, and its reasons.
GATE_LABEL, REASONS_LABEL = "gate", "gate_reasons"
# These values stand in registries that exist, so they outlive the change of our words ("rejected").
PASSED, REJECTED = "passed", "kept out"


class PromotionError(RuntimeError):
    """A version cannot become champion; the message says why and what can be done."""


class GateError(PromotionError):
    """The gate rejected a version; the message says why, and how a person can overrule it."""


@dataclass(frozen=True)
class ModelCatalog:
    """The registered versions and the history of champions; promotes and rolls back."""

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
        """Makes a version champion. The history records the verdict of the gate.

        Args:
            version: The version.
            at: Since when.
            actor: The person, or the gate.
            cause: One of the causes above.
            reasons: Why.
            overrules: Whether a person overrules the gate.

        Raises:
            GateError: When a person promotes a version that the gate rejected, without overruling it.
            ModelFileError: When it cannot be read, contains untrusted types, or differs from the recorded digests. The
                champion stays.
        """
        # Loaded only to see that it can be: nothing is changed for a version that no tick could use.
        champion_of(self.champions, version)
        labels = self.registry.labels(version)
        gate = labels.get(GATE_LABEL)
        if cause == PROMOTED and gate != PASSED and not overrules:
            raise GateError(_refused(version, labels))
        with self.champions.changing(version.problem):
            # Two stores, no common transaction: an alias without its line is found and recorded by `reconcile`.
            self.registry.point(CHAMPION, version)
            self.champions.note(version.problem, version, at=at, actor=actor, cause=cause, reasons=reasons, gate=gate)
        return version

    def roll_back(self, problem: str, *, at: datetime, actor: str, reasons: Sequence[str]) -> ModelVersion | None:
        """Restores the previous champion; the rule where there was none.

        Raises:
            PromotionError: When there is no champion.
        """
        history = self.champions.history(problem)
        if not history or history[0].version is None:
            raise PromotionError(f"{problem} has no champion to roll back; `opsguard promote {problem}` sets one.")
        # Rollbacks are skipped in the history, so that two of them go back two champions.
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
    said = [f"The gate rejected {name}:", *(f"  {reason}" for reason in why)]
    if GATE_LABEL not in labels:
        said = [f"The gate has not evaluated {name}."]
    return "\n".join([*said, "Nothing was changed. `--force` promotes it all the same; the history records that."])


def reconcile(champions: Champions, problem: str, *, at: datetime) -> bool:
    """Records an alias that was moved in MLflow itself.

    Returns:
        Whether the history lacked it.
    """
    with champions.changing(problem):
        current = champions.current(problem)
        if current is None and not champions.history(problem):
            return False
        return champions.note(problem, current, at=at, actor="MLflow", cause=IN_MLFLOW, reasons=[])
