"""What comes back when a message was handed over. Not here: any channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from resources.answers import Answer

# Where a message is, so that a later state can edit it or follow it: names and values of the channel.
Reference = Mapping[str, str]


class ChannelError(RuntimeError):
    """A channel is described in a way that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class HandedOver:
    """What is certain, and where the message is.

    Attributes:
        answer: What is certain.
        reference: Where the message is; None where it is nowhere, or the channel does not say.
    """

    answer: Answer
    reference: Reference | None = None


class UnreadableError(RuntimeError):
    """A channel cannot be read back; the words say why.

    Attributes:
        retry_after: How long the channel asked to be left alone; None where it asked nothing.
        is_forbidden: Whether reading is not allowed at all, so that waiting changes nothing.
    """

    def __init__(self, words: str, *, retry_after: timedelta | None = None, is_forbidden: bool = False) -> None:
        super().__init__(words)
        self.retry_after, self.is_forbidden = retry_after, is_forbidden
