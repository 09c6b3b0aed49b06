"""What a verification is: a capability, what is planted for it, and the check of what it leads to.

Here: the shape. Not here: any verification (the module of its name).
"""

from collections.abc import Callable
from dataclasses import dataclass

from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.world_io import World


def no_records() -> Records:
    """Nothing is planted: what the simulated provider has is enough."""
    return {}


@dataclass(frozen=True)
class Verification:
    """One capability, what is planted for it, and the check of what it leads to.

    Attributes:
        name: Its name on the command line.
        asks: What has to be true, for people.
        planted: What is planted, for people.
        check: Runs the capability on a copy of the world of its own, and compares.
        records: The planted records.
    """

    name: str
    asks: str
    planted: str
    check: Callable[[World], Found]
    records: Callable[[], Records] = no_records
