"""What a kind of effect has to offer, so that the engine can carry it out.

Here: the contract of adapters. Not here: adapters; they belong to the rooms that plan effects.

Two questions decide what happens to an effect in doubt, one that was being handed over when its process died:

| | it can be found out (`can_tell`) | it cannot |
|---|---|---|
| may be repeated (`may_repeat`) | handed over again, also once it is *unknown* | handed over again, once |
| may not | asked (`ask`), and sent where it did not happen | *unknown*, until a person looks |
"""

from collections.abc import Collection
from typing import Protocol

from opsguard_assets.effects.machine import Effect
from resources.answers import Answer


class Adapter(Protocol):
    """One way out of the house.

    Attributes:
        targets: The targets that it reaches now. Effects of other targets are left alone.
        can_tell: Whether handing over again (where `may_repeat`) or asking gives a certain answer, however the last
            hand-over ended. *Unknown* effects are then taken up again by later runs.
    """

    @property
    def targets(self) -> Collection[str]:
        """The targets that it reaches."""

    @property
    def can_tell(self) -> bool:
        """Whether doubt can be ended without a person."""

    def may_repeat(self, effect: Effect) -> bool:
        """Whether an effect may be handed over again although it may have happened."""

    def send(self, effect: Effect) -> Answer:
        """Hands an effect over under its idempotency key, and says what is certain about every hand-over of the key.

        One attempt takes less time than the lease of the policy. What went wrong is an answer, never an exception.
        Where `effect.is_in_doubt`, an earlier attempt may have been carried out: "not reached" would be a lie.
        """

    def ask(self, effect: Effect) -> Answer:
        """Finds out what an earlier attempt led to, without sending; only called where `can_tell`.

        Returns:
            Done where it happened, not reached where it certainly did not, unknown where that cannot be said yet.
        """
