"""Settings of the alert lifecycle. Not here: thresholds (`SlaThresholds` and others)."""

from pydantic import Field

from opsguard_assets.config.base import Strict


class AlertLife(Strict):
    """How alerts live.

    Attributes:
        reopen_within_minutes: What comes back so soon after it cleared by itself is the same alert, opened again.
    """

    reopen_within_minutes: int = Field(default=60, ge=0, le=10_080)
