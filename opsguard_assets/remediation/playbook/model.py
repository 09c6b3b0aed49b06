"""A playbook as its file writes it.

Here: the shape, and the digest by which a text is known. Not here: reading files (`load_io`), what is wrong with one
that has the right shape (`lint`), steps (`steps`).
"""

import hashlib
import json
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from opsguard_assets.config.base import Strict
from opsguard_assets.config.features import FEATURE_NAMES, FeatureName
from opsguard_assets.config.matching import Matcher
from opsguard_assets.config.remediation import Mode
from opsguard_assets.remediation.playbook.steps import AnyStep, Approval, Name

# How much a playbook may do by itself, the least first.
MODES: tuple[Mode, ...] = get_args(Mode)
Transition = Literal["raised", "reopened", "severity_raised"]


class Trigger(Strict):
    """Which alerts start the playbook, each once per episode.

    Attributes:
        when: Which alerts.
        on: Which transitions of an alert's life; an edit, a note or a changed priority starts nothing.
    """

    when: Matcher
    on: tuple[Transition, ...] = Field(default=("raised", "reopened"), min_length=1)


class Limits(Strict):
    """How often it may run.

    Attributes:
        cool_down_minutes: After an execution about an entity no other one about it starts for so long, also where the
            alert is reopened meanwhile.
        at_once_per_site: Executions at one site at the same time; others wait.
        per_hour: Executions that begin within an hour; others wait.
        start_within_minutes: What could not begin for so long expires.
    """

    cool_down_minutes: float = Field(default=240, ge=0, le=43_200)
    at_once_per_site: int = Field(default=2, ge=1, le=1_000)
    per_hour: int = Field(default=20, ge=1, le=10_000)
    start_within_minutes: float = Field(default=60, gt=0, le=10_080)


class Playbook(Strict):
    """What is done about some alerts.

    Attributes:
        playbook: Its name.
        title: What it does, for people.
        team: The team that answers for it.
        trigger: What starts it.
        approval: Who has to agree before its first step that acts.
        limits: How often it may run.
        max_autonomy: How much it may ever do by itself: shadow, approval or alone.
        timeout_minutes: An execution that has not ended after so long has failed.
        steps: What is done, in this order.
        on_failure: What is done where a step failed.
    """

    playbook: Name
    title: str = Field(min_length=1, max_length=200)
    team: str | None = None
    trigger: Trigger
    approval: Approval = Approval()
    limits: Limits = Limits()
    max_autonomy: Mode = "alone"
    timeout_minutes: float = Field(default=1_440, gt=0, le=43_200)
    steps: tuple[AnyStep, ...] = Field(min_length=1, max_length=30)
    on_failure: tuple[AnyStep, ...] = Field(default=(), max_length=10)

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [step.name for step in (*self.steps, *self.on_failure) if step.name is not None]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two steps are named {twice[0]}; give each a name of its own")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, in hexadecimal; comments and the order of keys change nothing."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()


def feature_of(playbook: Playbook) -> FeatureName:
    """The feature that holds all actions of a playbook: a greater one includes what a smaller one does."""
    needed = {step.trait.feature for step in (*playbook.steps, *playbook.on_failure)}
    return max(needed, key=FEATURE_NAMES.index)
