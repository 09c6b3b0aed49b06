"""The record of shifts. Not here: what a record is (`opsguard_assets.domain`), and anything that it names."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from opsguard_assets.alerts.alert_type import OPSGUARD, AlertType
from opsguard_assets.cadence import DAY, HOUR, MINUTE, Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.domain import Domain, Job, Learned, Tables, Tick
from opsguard_assets.shifts.alerts.alert_types import MONITOR, TYPES
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.coverage.schemas import SHIFT_COVERAGE
from opsguard_assets.shifts.job_names import JUDGE_SHIFTS_JOB, PLAN_JOB
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE

if TYPE_CHECKING:
    from opsguard_assets.models.problem import Problem

_PLANNED, _PUNCHED = ("rosters",), ("rosters", "attendance")


def _assets(settings: Settings, fed: Sequence[str]) -> Sequence[Any]:
    from opsguard_assets.shifts.assets import shift_assets  # noqa: PLC0415 - imports Dagster

    return shift_assets(settings, fed)


def _no_show(settings: Settings) -> "Problem":
    from opsguard_assets.shifts.no_show.problem_io import no_show  # noqa: PLC0415 - imports what models are made of

    return no_show(settings)


def _is_wanted(settings: Settings) -> bool:
    return bool(settings.shifts.no_show_risk_for)


SHIFTS = Domain(
    name="shifts",
    needs=_PLANNED,
    assets=_assets,
    jobs=(
        Job(
            name=JUDGE_SHIFTS_JOB,
            # Shifts begin, and clocks tell that they live, on the half hour: a tick that waits a little hears of it.
            cadence=Cadence(30 * MINUTE, 5 * MINUTE),
            needs=_PUNCHED,
            assets=(
                SHIFT_COMPLIANCE.derived_name,
                SHIFT_COVERAGE.derived_name,
                SHIFT_RISK.derived_name,
                "alerts/shift_alerts",
            ),
            purpose="Verdicts on all shifts that run or ended within a day, and their alerts.",
            schedule="No-show detection and shift compliance.",
            limit=timedelta(minutes=20),
            settles=MONITOR,
            counts=(SHIFT_COVERAGE, "posts"),
        ),
        Job(
            name=PLAN_JOB,
            cadence=Cadence(DAY, 2 * HOUR),
            needs=_PLANNED,
            assets=(SHIFT_CALENDAR.derived_name,),
            purpose="Who should be where from now on.",
            schedule="The shift calendar of the next days.",
            follows_loads=True,
        ),
    ),
    monitor=MONITOR,
    alert_types=TYPES,
    problems=(
        Learned(
            name="no_show",
            question="will nobody come for a shift?",
            scored_by=JUDGE_SHIFTS_JOB,
            declare=_no_show,
            unavailable=AlertType(
                name="no_show_model_unavailable",
                meaning="The learned model of no-shows cannot score; the rule does.",
                next_step="look at `opsguard models`: the rule scores meanwhile",
                cause=OPSGUARD,
            ),
            is_wanted=_is_wanted,
        ),
    ),
    ticks=(
        Tick(
            name="shifts",
            computes="verdicts of the last day",
            scores=(SHIFT_COVERAGE, SHIFT_RISK),
            recorded_by=JUDGE_SHIFTS_JOB,
        ),
    ),
    tables=Tables(versioned=(SHIFT_CALENDAR, SHIFT_COMPLIANCE), scores=(SHIFT_COVERAGE, SHIFT_RISK)),
)
