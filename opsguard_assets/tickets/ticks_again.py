"""A tick of the past computed again as it was: the same records, the same model, the same digests.

Here: one recorded tick out of the lake as it had been recorded then. Not here: what-if over a whole period (`replay`).

What a mapping claims to have been known earlier, but was recorded later, did not count at the time and does not count
here. Only ticks that were computed live can be told so exactly; one that looked at an imported history has no record of
how far it saw and is computed from the lake as now.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ml.model import RiskModel
from ml.sla_breach.features import FEATURES
from ml.sla_breach.problem import TASK
from ml.sla_breach.rule import RuleBaseline
from opsguard_assets.alerts.life import decisions_at, digest_of_findings
from opsguard_assets.alerts.past import before_tick, decided, digest_of_decisions
from opsguard_assets.alerts.queries import digest_at
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.serving import serving
from opsguard_assets.tickets.alert_assets import SLA_MONITOR, marked_findings
from opsguard_assets.tickets.findings import MONITOR
from opsguard_assets.tickets.moment import SCORE_JOB
from opsguard_assets.tickets.score import risk_at
from resources.database import Database
from resources.lake import Lake
from resources.ticks import Tick, digest_of, ticks_of


class NoTickError(LookupError):
    """There was no tick at the moment; the message says what there was."""


@dataclass(frozen=True)
class Again:
    """A tick computed again, beside what was recorded of it.

    Attributes:
        tick: What was recorded.
        risk: The rows of `sla_risk` as computed again.
        scores_digest: Their digest.
        findings_digest: The digest of what they find by the settings in force now.
        recorded_findings_digest: That of what was found at the time; None where alerts were not settled.
        decisions_digest: The digest of what the findings are decided to be, by the alerts and mutes before the tick.
        recorded_decisions_digest: That of what was decided at the time; None where alerts were not settled.
    """

    tick: Tick
    risk: pl.DataFrame
    scores_digest: str
    findings_digest: str
    recorded_findings_digest: str | None
    decisions_digest: str | None
    recorded_decisions_digest: str | None

    @property
    def is_as_it_was(self) -> bool:
        """Whether scores, findings and decisions are those of the time, to the digit."""
        return (
            self.scores_digest == self.tick.digest
            and self.recorded_findings_digest in (None, self.findings_digest)
            and self.recorded_decisions_digest == self.decisions_digest
        )


def tick_again(lake: Lake, champions: Champions, as_of: datetime, settings: Settings) -> Again:
    """Computes a recorded tick again.

    Args:
        lake: The lake as now.
        champions: Who scored when.
        as_of: The moment.
        settings: Thresholds, plans, hold-out and budget: those in force now, which are not recorded with a tick.

    Raises:
        NoTickError: When no tick of that moment was recorded.
    """
    database = champions.database
    recorded = ticks_of(database, SCORE_JOB, begins_at=as_of, ends_at=as_of)
    if not recorded:
        raise NoTickError(f"There was no tick at {as_of:%Y-%m-%d %H:%M:%S} UTC; `opsguard tick sla --as-of` makes one.")
    tick = recorded[0]
    model, run_id = _model_of(champions, tick)
    seen = lake.as_recorded(tick.recorded_upto)
    risk = scored(seen, model, run_id, as_of)
    found, decisions = _decided(seen, database, settings, risk, as_of)
    was_found = digest_at(database, MONITOR, as_of)
    was_decided = digest_of_decisions(decisions_at(database, MONITOR, as_of))
    return Again(
        tick=tick,
        risk=risk,
        scores_digest=digest_of(risk, key=["ticket_id"]),
        findings_digest=digest_of_findings(found),
        recorded_findings_digest=was_found,
        decisions_digest=digest_of_decisions(decisions) if was_found else None,
        recorded_decisions_digest=was_decided if was_found else None,
    )


def _decided(
    lake: Lake, database: Database, settings: Settings, risk: pl.DataFrame, as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the risks of a tick find, and what is decided on it, by the alerts and mutes before it."""
    reopen_within = timedelta(minutes=settings.alerts.reopen_within_minutes)
    with before_tick(database, SLA_MONITOR, as_of) as connection:
        found = marked_findings(lake, connection, settings, risk, as_of)
        return found, decided(connection, found, SLA_MONITOR, as_of, reopen_within=reopen_within)


def scored(lake: Lake, model: RiskModel, run_id: str | None, as_of: datetime) -> pl.DataFrame:
    """The rows of `sla_risk` of a tick, as they are stored."""
    return risk_at(lake, model, as_of).with_columns(model_run_id=pl.lit(run_id, pl.String), date=pl.lit(as_of.date()))


def _model_of(champions: Champions, tick: Tick) -> tuple[RiskModel, str | None]:
    rule = RuleBaseline()
    if (tick.model_name, tick.model_version) == (rule.name, rule.version):
        return rule, None
    served = serving(champions, TASK.problem, rule, tick.as_of, makes=frozenset(FEATURES).__contains__)
    if served.trouble is not None or served.model.version != tick.model_version:
        raise NoTickError(
            f"{tick.model_name} {tick.model_version} scored at {tick.as_of:%Y-%m-%d %H:%M} UTC and cannot be had any "
            f"more: {served.trouble or f'the champion of the time is {served.model.version}'}"
        )
    return served.model, served.run_id
