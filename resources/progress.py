"""How long work tells a person how far it is, without knowing who listens.

Here: the listener's shape and a silent one. Not here: drawing bars; the command line brings its own.
"""

from collections.abc import Callable
from typing import Protocol

Advance = Callable[[int], None]


class Progress(Protocol):
    """Listens to long work."""

    def begin(self, task: str, total: int | None = None) -> Advance:
        """Announces a task of `total` rows (unknown where None); the result is called with rows done since."""
        ...


class Silent:
    """Listens to nobody: scheduled runs show their figures on the asset page instead."""

    def begin(self, task: str, total: int | None = None) -> Advance:  # noqa: ARG002 - the protocol's signature
        """Ignores the task."""
        return lambda rows: None  # noqa: ARG005
