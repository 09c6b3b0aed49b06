"""Where a playbook asks somebody before it goes on: by its text and by how much it may do by itself.

Here: the rule, for the engine and for rehearsals. Not here: what an approval covers and whether it still holds
(`engine.approvals`).
"""

from dataclasses import dataclass

from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.steps import Approval, Step


@dataclass(frozen=True)
class Gate:
    """Where somebody has to agree.

    Attributes:
        place: The step that asks for itself; None: the whole playbook.
        terms: Who, how many, for how long.
    """

    place: tuple[str, int] | None
    terms: Approval


def gate_of(playbook: Playbook, mode: str, place: tuple[str, int]) -> Gate | None:
    """The approval that a step needs; None where it needs none.

    A step has that of its own. Else a step that acts has that of the playbook, which the mode `approval` demands in any
    case. A final step without either has that of the last step before it that asks, or one of its own.

    Args:
        playbook: The text.
        mode: That of the execution.
        place: Phase and number of the step.
    """
    phase, number = place
    steps: tuple[Step, ...] = getattr(playbook, phase)
    step, whole = steps[number], playbook.approval
    if _asks(step.approval):
        return Gate(place, step.approval or Approval())
    forced = whole.model_copy(update={"required": "one"})
    if step.trait.acts and (_asks(whole) or mode == "approval"):
        return Gate(None, whole if _asks(whole) else forced)
    if not step.trait.is_final:
        return None
    earlier = [at for at, each in enumerate(steps[:number]) if _asks(each.approval)]
    return Gate((phase, earlier[-1]), steps[earlier[-1]].approval or forced) if earlier else Gate(place, forced)


def _asks(terms: Approval | None) -> bool:
    return terms is not None and terms.required != "none"
