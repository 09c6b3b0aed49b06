"""The record of triage. Not here: what a record is (`opsguard_assets.domain`), and anything that it names."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from opsguard_assets.alerts.alert_type import OPSGUARD, AlertType
from opsguard_assets.cadence import DAY, HOUR, MINUTE, Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.domain import Domain, Job, Learned, Tables, Tick
from opsguard_assets.triage.job_names import NOISE_JOB, TRIAGE_JOB
from opsguard_assets.triage.learning.schemas import ALERT_EPISODES, ALERT_NOISE, ALERT_RISK

if TYPE_CHECKING:
    from opsguard_assets.models.problem import Problem


def _assets(_settings: Settings, _fed: Sequence[str]) -> Sequence[Any]:
    """None of its own: what follows wherever alerts are settled is built with all domains (`build`)."""
    return ()


def _alert_action(settings: Settings) -> "Problem":
    from opsguard_assets.triage.learning.problem_io import alert_action  # noqa: PLC0415 - imports what models need

    return alert_action(settings)


TRIAGE = Domain(
    name="triage",
    needs=(),
    assets=_assets,
    jobs=(
        Job(
            name=TRIAGE_JOB,
            cadence=Cadence(15 * MINUTE, 10 * MINUTE),
            assets=(ALERT_EPISODES.derived_name, ALERT_RISK.derived_name, "alerts/priorities"),
            purpose="Which unresolved alerts need a person, and their priorities, at one moment.",
            schedule="Unresolved alerts, also where no monitor looked: deadlines come nearer.",
            limit=timedelta(minutes=14),
            counts=(ALERT_RISK, "unresolved alerts"),
        ),
        Job(
            name=NOISE_JOB,
            cadence=Cadence(DAY, 5 * HOUR + 50 * MINUTE),
            assets=("triage/alert_noise",),
            purpose="How many alerts of each rule needed a person.",
            schedule="Noise of alerts over the last days.",
        ),
    ),
    monitor=None,
    alert_types=(),
    problems=(
        Learned(
            name="alert_action",
            question="does this alert need a person?",
            scored_by=TRIAGE_JOB,
            declare=_alert_action,
            unavailable=AlertType(
                name="alert_model_unavailable",
                meaning="The learned model of alerts that need a person cannot score; the rule does.",
                next_step="look at `opsguard models`: the rule scores meanwhile",
                cause=OPSGUARD,
            ),
        ),
    ),
    ticks=(
        Tick(
            name="triage",
            computes="which unresolved alerts need a person",
            scores=(ALERT_RISK,),
            recorded_by=TRIAGE_JOB,
        ),
    ),
    tables=Tables(versioned=(ALERT_EPISODES,), derived=(ALERT_NOISE,), scores=(ALERT_RISK,)),
)
