"""A planned message looked at again: its letter, or why it is not sent any more.

Here: both results, and how links are made. Not here: finding out which it is (`letters_io`, `questions_io`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from opsguard_assets.delivery.letter import Letter
from resources.channels.handed_over import Reference

# The address of a page for a subject and a recipient, and whether they may act there; None where no web service is set
# up.
LinkOf = Callable[[str, str, datetime, bool], str | None]


@dataclass(frozen=True)
class Pointless:
    """A message that is not sent any more, and why."""

    words: str


GONE = Pointless("there is nothing to tell of: the incident is gone")


@dataclass(frozen=True)
class Written:
    """A letter that is ready to go.

    Attributes:
        letter: What it says.
        version: The version of the incident that it shows; None for others.
        thread: The message that the reader has about the incident; None where they have none.
    """

    letter: Letter
    version: int | None = None
    thread: Reference | None = None
