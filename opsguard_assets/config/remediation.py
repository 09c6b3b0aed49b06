"""Settings of remediation: which playbooks are in use, and what they may call.

Here: their shape and defaults. Not here: playbooks (`opsguard_assets.remediation.playbook`).
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from opsguard_assets.config.base import Strict
from opsguard_assets.config.secrets import EncryptedAddress, NamedSecret

Mode = Literal["shadow", "approval", "alone"]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Breaker(Strict):
    """When a playbook pauses itself.

    Attributes:
        failures_in_a_row: After so many executions in a row that failed.
        failed_share: Or where more than this share of the last executions failed, 0..1.
        of_last: How many executions that share is of; fewer are not judged by it.
    """

    failures_in_a_row: int = Field(default=3, ge=1, le=100)
    failed_share: float = Field(default=0.5, gt=0, le=1)
    of_last: int = Field(default=10, ge=2, le=1_000)


class Ladder(Strict):
    """When a playbook may do more by itself, and when less.

    Attributes:
        least_runs: So many judged executions in its mode before it rises.
        agreement_from: The lower bound of the share in which people agreed, 0..1, from which it rises.
        success_from: The lower bound of the share that succeeded, 0..1, from which it acts alone.
        demote_below: It falls where the upper bound of its success, or of people's agreement, is below this, 0..1.
        confidence: Of these bounds (Wilson), 0..1.
        harms_to_demote: It falls to shadow after so many executions that people undid or called wrong, counted since
            it left shadow.
    """

    least_runs: int = Field(default=20, ge=1, le=10_000)
    agreement_from: float = Field(default=0.7, gt=0, lt=1)
    success_from: float = Field(default=0.6, gt=0, lt=1)
    demote_below: float = Field(default=0.5, gt=0, lt=1)
    confidence: float = Field(default=0.9, gt=0.5, lt=1)
    harms_to_demote: int = Field(default=3, ge=1, le=100)


class Address(Strict):
    """An address that playbooks may call.

    Attributes:
        url: Where requests are posted to: https, or http on this machine; secrets in it as `${NAME}`.
        signing_secret: The secret that both sides know, by the name of its variable: `${NAME}`. Requests are signed
            with it (Standard Webhooks); None: they are not signed.
        timeout_seconds: How long a request may take.
        knows_keys: Whether the receiver does nothing when it gets a key twice, so that a request in doubt may be
            repeated; otherwise it stays *unknown* whether it was carried out.
    """

    url: EncryptedAddress
    signing_secret: NamedSecret | None = None
    timeout_seconds: float = Field(default=10, gt=0, le=120)
    knows_keys: bool = False


def _as_address(value: object) -> object:
    return {"url": value} if isinstance(value, str | SecretStr) else value


# An address with what belongs to it, or its URL alone.
CalledAddress = Annotated[Address, BeforeValidator(_as_address)]


class Remediation(Strict):
    """Playbooks, how much they may do by themselves, and what they may call.

    Attributes:
        folder: Where your playbooks are, below the folder of `opsguard.yaml`; `*.yaml` and `*.yml`.
        ready: Which of the playbooks that come with OpsGuard are in use; all of them where left out.
        max_autonomy: How much any playbook may do by itself: shadow, approval or alone.
        poll_seconds: How often the conditions are looked at that steps wait for.
        breaker: When a playbook pauses itself.
        webhooks: Addresses that steps may call, by name.
        commands: Addresses that restart devices, by name.
        work_orders: Where work orders go; None: none can be created.
        ladder: When a playbook rises and falls.
        outcome_hours: An alert that has not cleared so long after an execution ended was not resolved by it.
        outcome_days: Figures of outcomes are of so many days.
        approval_minutes: Minutes that somebody needs to decide on an approval; taken off the hours saved.
    """

    folder: str = "playbooks"
    ready: tuple[_Name, ...] | None = None
    max_autonomy: Mode = "approval"
    poll_seconds: float = Field(default=60, ge=1, le=3_600)
    breaker: Breaker = Breaker()
    webhooks: dict[_Name, CalledAddress] = Field(default_factory=dict)
    commands: dict[_Name, CalledAddress] = Field(default_factory=dict)
    work_orders: CalledAddress | None = None
    ladder: Ladder = Ladder()
    outcome_hours: float = Field(default=24, gt=0, le=720)
    outcome_days: float = Field(default=90, ge=1, le=730)
    approval_minutes: float = Field(default=2, ge=0, le=600)
