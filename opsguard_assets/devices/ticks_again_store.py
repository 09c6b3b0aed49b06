"""A tick of devices computed again as it was: the same records, the same model, the same digests.

Here: one recorded tick out of the lake as it had been recorded then. Not here: what-if over a whole period (`replay`).

What a mapping claims to have been known earlier, but was recorded later, did not count at the time and does not count
here. Only ticks that were computed live can be told so exactly; one that looked at an imported history has no record of
how far it saw and is computed from the lake as now. Rollups are those that loads up to then gave: a load that came
between the steps of the run itself counts, too.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.alerts.life import decisions_at, digest_of_findings
from opsguard_assets.alerts.past import before_tick, decided, digest_of_decisions
from opsguard_assets.alerts.queries import digest_at
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alert_assets import DEVICE_MONITOR, found_in
from opsguard_assets.devices.failure_store import device_failure
from opsguard_assets.devices.health_store import health_at, recorded_health
from opsguard_assets.devices.moment import full_hour
from opsguard_assets.devices.risk_assets import SCORE_DEVICES_JOB, scored
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.serving import Serving, serving
from resources.database import Database
from resources.lake import Lake
from resources.ticks import Tick, digest_of, ticks_of

_LAST_OF_HOUR = timedelta(hours=1, microseconds=-1)


class NoDeviceTickError(LookupError):
    """There was no tick at the moment; the message says what there was."""


@dataclass(frozen=True)
class Again:
    """A tick of devices computed again, beside what was recorded of it.

    Attributes:
        tick: What was recorded.
        risk: The rows of `device_risk` as computed again.
        health: The rows of `device_health` as computed again.
        scores_digest: The digest of the risks.
        health_digest: That of health.
        recorded_health_digest: That of the health that is stored of the tick.
        findings_digest: The digest of what both find by the settings in force now.
        recorded_findings_digest: That of what was found at the time; None where alerts were not settled.
        decisions_digest: The digest of what the findings are decided to be, by the alerts and mutes before the tick.
        recorded_decisions_digest: That of what was decided at the time; None where alerts were not settled.
    """

    tick: Tick
    risk: pl.DataFrame
    health: pl.DataFrame
    scores_digest: str
    health_digest: str
    recorded_health_digest: str
    findings_digest: str
    recorded_findings_digest: str | None
    decisions_digest: str | None
    recorded_decisions_digest: str | None

    @property
    def is_as_it_was(self) -> bool:
        """Whether risk, health, findings and decisions are those of the time, to the digit."""
        return (
            self.scores_digest == self.tick.digest
            and self.health_digest == self.recorded_health_digest
            and self.recorded_findings_digest in (None, self.findings_digest)
            and self.recorded_decisions_digest == self.decisions_digest
        )


def tick_again(lake: Lake, champions: Champions, as_of: datetime, settings: Settings) -> Again:
    """Computes a recorded tick of devices again.

    Args:
        lake: The lake as now.
        champions: Who scored when.
        as_of: The moment; its last full hour is the tick.
        settings: Thresholds and plans: those in force now, which are not recorded with a tick.

    Raises:
        NoDeviceTickError: When no tick of that hour was recorded, or its model cannot be had any more.
    """
    hour, database = full_hour(as_of), champions.database
    recorded = ticks_of(database, SCORE_DEVICES_JOB, begins_at=hour, ends_at=hour)
    if not recorded:
        raise NoDeviceTickError(f"There was no tick at {hour:%Y-%m-%d %H:%M} UTC; `opsguard tick devices` makes one.")
    tick = recorded[0]
    seen = lake.as_recorded(tick.recorded_upto)
    risk = scored(seen, _served(champions, tick, settings), hour, settings.device_failure)
    health = health_at(seen, hour, replace_below=settings.device_alerts.replace_below)
    found, decisions = _decided(seen, database, settings, (health, risk), hour)
    was_found = digest_at(database, DEVICE_MONITOR.name, hour)
    was_decided = digest_of_decisions(decisions_at(database, DEVICE_MONITOR.name, hour))
    return Again(
        tick=tick,
        risk=risk,
        health=health,
        scores_digest=digest_of(risk, key=["device_id"]),
        health_digest=digest_of(health, key=["device_id"]),
        recorded_health_digest=digest_of(recorded_health(lake, hour).select(health.columns), key=["device_id"]),
        findings_digest=digest_of_findings(found),
        recorded_findings_digest=was_found,
        decisions_digest=digest_of_decisions(decisions) if was_found else None,
        recorded_decisions_digest=was_decided if was_found else None,
    )


def _decided(
    lake: Lake, database: Database, settings: Settings, tick: tuple[pl.DataFrame, pl.DataFrame], as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the health and risk of a tick find, and what is decided on it, by the alerts and mutes before it."""
    reopen_within = timedelta(minutes=settings.alerts.reopen_within_minutes)
    found = found_in(lake, settings, *tick, as_of)
    with before_tick(database, DEVICE_MONITOR, as_of) as connection:
        return found, decided(connection, found, DEVICE_MONITOR, as_of, reopen_within=reopen_within)


def _served(champions: Champions, tick: Tick, settings: Settings) -> Serving:
    """What scored: the rule, or who was champion when the tick ran, which was within the hour that follows it."""
    problem = device_failure(settings)
    if (tick.model_name, tick.model_version) == (problem.rule.name, problem.rule.version):
        return Serving(problem.rule)
    for asked in (tick.as_of, tick.as_of + _LAST_OF_HOUR):
        served = serving(champions, problem.name, problem.rule, asked, makes=problem.makes)
        if served.trouble is None and served.model.version == tick.model_version:
            return served
    raise NoDeviceTickError(
        f"{tick.model_name} {tick.model_version} scored at {tick.as_of:%Y-%m-%d %H:%M} UTC and cannot be had any more: "
        f"{served.trouble or f'the champion of the time is {served.model.version}'}"
    )
