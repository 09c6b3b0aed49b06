"""What every typed action declares of itself: whether it acts, whether it can be undone, what it is bought by.

Here: the declaration. Not here: the actions (`steps`), doing them (`remediation.actions`).
"""

from dataclasses import dataclass
from enum import StrEnum

from opsguard_assets.config.features import FEATURES, FeatureName


class Reversal(StrEnum):
    """What can be done about an action afterwards."""

    NOTHING = "nothing to undo"  # it only reads
    REVERSIBLE = "reversible"  # undo restores what was there before
    COMPENSABLE = "compensable"  # another action makes up for it; people may have seen it
    FINAL = "final"  # nothing takes it back; it needs approval by default


@dataclass(frozen=True, kw_only=True)
class Trait:
    """What an action declares.

    Attributes:
        does: What it does, in the imperative, for people who approve it.
        reversal: What can be done about it afterwards.
        undo: How it is undone, in words; None where it is not.
        feature: What clients receive it by.
        may_wait: Whether the execution may wait in it: for a condition, an answer, a delivery.
    """

    does: str
    reversal: Reversal
    undo: str | None = None
    feature: FeatureName = "remediation"
    may_wait: bool = False

    @property
    def plan(self) -> str:
        """The smallest plan that holds it, where `plans` of opsguard.yaml say nothing else."""
        return FEATURES[self.feature].plan

    @property
    def acts(self) -> bool:
        """Whether it changes anything outside of the execution; otherwise it reads."""
        return self.reversal is not Reversal.NOTHING

    @property
    def is_final(self) -> bool:
        """Whether nothing takes it back."""
        return self.reversal is Reversal.FINAL
