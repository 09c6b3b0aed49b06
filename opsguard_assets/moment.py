"""The moment of a tick: as run configuration, as an option of commands, and which moments are refused.

Here: what schedules, commands and assets of all ticks share. Not here: computing one.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg

from opsguard_assets.timestamps import timestamp_of

# The time between two ticks of the most frequent job: clocks of two machines may differ by so much.
TOLERANCE = timedelta(minutes=15)


class FutureMomentError(ValueError):
    """A moment lies after now; what is not known yet cannot be computed."""


class Moment(dg.Config):
    """The moment of a tick: `as_of` in ISO 8601 with its offset; now where it is left out."""

    as_of: str | None = None

    def instant(self) -> datetime:
        """The moment in UTC.

        Raises:
            ValueError: When it is not a valid timestamp, has no offset, or lies after now.
        """
        return datetime.now(UTC).replace(microsecond=0) if self.as_of is None else instant_of(self.as_of)


def instant_of(text: str) -> datetime:
    """A timestamp of run configuration in UTC. It names its offset, because programs write it and zones may change.

    Raises:
        ValueError: When it is not a valid timestamp, has no offset, or lies after now.
    """
    return not_after_now(timestamp_of(text))


def not_after_now(moment: datetime) -> datetime:
    """The moment itself, where it is not later than now (`TOLERANCE` allowed).

    A tick in the future would settle alerts too early, and every real tick after it would be late.

    Raises:
        FutureMomentError: When it lies after now.
    """
    now = datetime.now(UTC)
    if moment > now + TOLERANCE:
        raise FutureMomentError(
            f"{moment:%Y-%m-%d %H:%M} UTC is in the future (it is {now:%Y-%m-%d %H:%M} UTC now). "
            "Leave it out for now, or give an earlier moment"
        )
    return moment


def moment_config(as_of: datetime, *assets: dg.AssetKey) -> dict[str, object]:
    """Run configuration of assets that are computed for one moment."""
    return {"ops": {key.to_python_identifier(): {"config": {"as_of": as_of.isoformat()}} for key in assets}}
