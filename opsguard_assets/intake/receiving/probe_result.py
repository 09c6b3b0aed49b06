"""The result of probing a source: whether something is new.

Here: its shape. Not here: probing (`probe`) and what follows from it (`sensors`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProbeResult:
    """What a probe found: whether something is new since the cursor, the next cursor, and what it is in words."""

    has_new: bool
    cursor: str
    what: str
