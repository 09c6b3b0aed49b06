"""Settings of remediation: which playbooks are in use, and what they may call.

Here: their shape and defaults. Not here: playbooks (`opsguard_assets.remediation.playbook`).
"""

from typing import Annotated, Literal

from pydantic import Field

from opsguard_assets.config.base import Strict
from opsguard_assets.config.secrets import EncryptedAddress

Mode = Literal["shadow", "approval", "alone"]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Remediation(Strict):
    """Playbooks and what they may call.

    Attributes:
        folder: Where your playbooks are, below the folder of `opsguard.yaml`; `*.yaml` and `*.yml`.
        ready: Which of the playbooks that come with OpsGuard are in use; all of them where left out.
        webhooks: Addresses that steps may call, by name: https, or http on this machine; secrets in them as `${NAME}`.
        commands: Addresses that restart devices, by name; likewise.
    """

    folder: str = "playbooks"
    ready: tuple[_Name, ...] | None = None
    webhooks: dict[_Name, EncryptedAddress] = Field(default_factory=dict)
    commands: dict[_Name, EncryptedAddress] = Field(default_factory=dict)
