"""The moment of a tick as run configuration, and the names that ticks of SLA risk go by.

Here: what schedules, commands and assets of a tick share. Not here: computing one.
"""

from datetime import UTC, datetime

import dagster as dg

from opsguard_assets.metadata import key_of
from opsguard_assets.tickets.stored import SLA_RISK

SLA_RISK_KEY = key_of(SLA_RISK)
SCORE_JOB = "score_sla_job"


class Moment(dg.Config):
    """The moment of a tick: `as_of` in ISO 8601 with its offset; now where it is left out."""

    as_of: str | None = None

    def instant(self) -> datetime:
        """The moment in UTC.

        Raises:
            ValueError: When it is no instant, or has no offset.
        """
        if self.as_of is None:
            return datetime.now(UTC).replace(microsecond=0)
        moment = datetime.fromisoformat(self.as_of)
        if moment.tzinfo is None:
            raise ValueError(f"as_of {self.as_of!r} has no offset; write it like 2026-01-31T12:00:00+00:00")
        return moment.astimezone(UTC)
