"""The list of verifications. Not here: any of them (the module of its name), running them (`run_io`)."""

from collections.abc import Sequence
from importlib import import_module
from typing import Final

from opsguard_assets.verification.verification import Verification

# In this order they run and are shown; the module of each has its `VERIFICATION`.
NAMES: Final = (
    "remediation", "sla", "devices", "scorecard", "shifts", "triage", "vendors", "schedules", "plans", "delivery",
)  # fmt: skip


def verifications() -> Sequence[Verification]:
    """All of them; imports what they run."""
    found = [import_module(f"opsguard_assets.verification.{name}").VERIFICATION for name in NAMES]
    return [each for each in found if isinstance(each, Verification)]
