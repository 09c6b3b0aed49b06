"""What a glance at a source tells: whether something is new.

Here: the answer's shape. Not here: glancing (`probe`) and what follows from it (`sensors`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """What a probe saw: whether something is new since the cursor, the next cursor, and what it is in words."""

    has_new: bool
    cursor: str
    what: str
