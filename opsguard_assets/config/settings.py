"""Every knob of OpsGuard with its default and its meaning: the schema of `opsguard.yaml`.

Here: thresholds, cadences, retention, sources. Not here: addresses of stores and secrets; those come from the
environment (`resources.environment`).
"""

from pydantic import Field, field_validator

from opsguard_assets.config.base import Strict, Zone
from opsguard_assets.config.learning import Learning, Money
from opsguard_assets.config.sources import Source


class Operations(Strict):
    """The operations desk.

    Attributes:
        timezone: Zone of every documented cadence.
    """

    timezone: Zone = "UTC"


class SlaThresholds(Strict):
    """SLA breach prevention.

    Attributes:
        alert_from: Risk from which a ticket is alerted (mission: 0.70).
        escalate_from: Risk from which a ticket is escalated (mission: 0.80).
        missed_tick_limit_minutes: A tick older than this is not caught up: the next one covers it.
    """

    alert_from: float = Field(default=0.70, gt=0, lt=1)
    escalate_from: float = Field(default=0.80, gt=0, lt=1)
    missed_tick_limit_minutes: int = Field(default=60, ge=1)


class Retention(Strict):
    """What the daily housekeeping keeps.

    Attributes:
        lake_days: Old lake versions stay readable this long.
        risk_days: Scores of ticks older than this are deleted; what became of them stays in the outcomes.
        run_days: Finished Dagster runs older than this are deleted.
    """

    lake_days: int = Field(default=30, ge=7)
    risk_days: int = Field(default=90, ge=7)
    run_days: int = Field(default=14, ge=1)


class Settings(Strict):
    """The whole of `opsguard.yaml`."""

    operations: Operations = Operations()
    sources: tuple[Source, ...] = ()
    sla: SlaThresholds = SlaThresholds()
    retention: Retention = Retention()
    learning: Learning = Learning()
    money: Money = Money()

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are named {', '.join(twice)}; give each a name of its own")
        return sources
