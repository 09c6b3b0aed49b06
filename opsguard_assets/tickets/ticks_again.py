"""A tick of the past computed again as it was: the same records, the same model, the same digests.

Here: one recorded tick out of the lake as it had been recorded then. Not here: what-if over a whole period (`replay`).

What a mapping claims to have been known earlier, but was recorded later, did not count at the time and does not count
here. Only ticks that were computed live can be told so exactly; one that looked at an imported history has no record of
how far it saw and is computed from the lake as now.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ml.model import RiskModel
from ml.sla_breach.features import FEATURES
from ml.sla_breach.problem import TASK
from ml.sla_breach.rule import RuleBaseline
from opsguard_assets.alerts.life import digest_of_findings
from opsguard_assets.alerts.queries import digest_at
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.serving import serving
from opsguard_assets.tickets.findings import MONITOR, RiskLevels, sla_findings
from opsguard_assets.tickets.moment import SCORE_JOB
from opsguard_assets.tickets.score import risk_at
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
        findings_digest: The digest of what they find at the thresholds in force now.
        recorded_findings_digest: That of what was found at the time; None where alerts were not settled.
    """

    tick: Tick
    risk: pl.DataFrame
    scores_digest: str
    findings_digest: str
    recorded_findings_digest: str | None

    @property
    def is_as_it_was(self) -> bool:
        """Whether scores and findings are those of the time, to the digit."""
        found = self.recorded_findings_digest
        return self.scores_digest == self.tick.digest and found in (None, self.findings_digest)


def tick_again(lake: Lake, champions: Champions, as_of: datetime, levels: RiskLevels) -> Again:
    """Computes a recorded tick again.

    Args:
        lake: The lake as now.
        champions: Who scored when.
        as_of: The moment.
        levels: From which risk what is found.

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
    return Again(
        tick=tick,
        risk=risk,
        scores_digest=digest_of(risk, key=["ticket_id"]),
        findings_digest=digest_of_findings(sla_findings(risk, levels)),
        recorded_findings_digest=digest_at(database, MONITOR, as_of),
    )


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
