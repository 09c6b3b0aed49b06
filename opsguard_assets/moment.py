"""The moment of a tick as run configuration.

Here: what schedules, commands and assets of all ticks share. Not here: computing one.
"""

from datetime import UTC, datetime

import dagster as dg

_REMEDY = "write it like 2026-01-31T12:00:00+00:00"


class Moment(dg.Config):
    """The moment of a tick: `as_of` in ISO 8601 with its offset; now where it is left out."""

    as_of: str | None = None

    def instant(self) -> datetime:
        """The moment in UTC.

        Raises:
            ValueError: When it is no instant, or has no offset.
        """
        return datetime.now(UTC).replace(microsecond=0) if self.as_of is None else instant_of(self.as_of)


def instant_of(text: str) -> datetime:
    """An instant of run configuration in UTC.

    Raises:
        ValueError: When it is no instant, or has no offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no instant; {_REMEDY}") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset; {_REMEDY}")
    return moment.astimezone(UTC)


def moment_config(as_of: datetime, *assets: dg.AssetKey) -> dict[str, object]:
    """Run configuration of assets that are computed for one moment."""
    return {"ops": {key.to_python_identifier(): {"config": {"as_of": as_of.isoformat()}} for key in assets}}
