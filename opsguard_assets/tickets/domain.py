"""The record of tickets. Not here: what a record is (`opsguard_assets.domain`), and anything that it names."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from opsguard_assets.alerts.alert_type import OPSGUARD, AlertType
from opsguard_assets.cadence import MINUTE, Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.domain import Domain, Job, Learned, Tables, Tick
from opsguard_assets.tickets.job_names import ESCALATE_JOB, SCORE_JOB
from opsguard_assets.tickets.learning.schemas import RECENT_TICKETS, TICKET_OUTCOMES
from opsguard_assets.tickets.risk.alert_types import MONITOR, TYPES
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS, SLA_INTERVALS

if TYPE_CHECKING:
    from opsguard_assets.models.problem import Problem

_NEEDS = ("tickets",)


def _assets(settings: Settings, fed: Sequence[str]) -> Sequence[Any]:
    from opsguard_assets.tickets.assets import ticket_assets  # noqa: PLC0415 - imports Dagster

    return ticket_assets(settings, fed)


def _sla_breach(settings: Settings) -> "Problem":
    from opsguard_assets.tickets.risk.problem_io import sla_breach  # noqa: PLC0415 - imports what models are made of

    return sla_breach(settings)


def _undo_escalations(connection: Any, withdrawal: Any) -> int:
    from opsguard_assets.tickets.escalation.withdraw import undo_escalations  # noqa: PLC0415 - imports the database

    return undo_escalations(connection, withdrawal)


TICKETS = Domain(
    name="tickets",
    needs=_NEEDS,
    assets=_assets,
    jobs=(
        Job(
            name=SCORE_JOB,
            cadence=Cadence(15 * MINUTE),
            needs=_NEEDS,
            assets=(SLA_RISK.derived_name, "alerts/sla_alerts"),
            purpose="The SLA risk of every open ticket at one moment, and its alerts.",
            schedule="SLA breach prediction.",
            limit=timedelta(minutes=10),
            settles=MONITOR,
            counts=(SLA_RISK, "open tickets"),
        ),
        Job(
            name=ESCALATE_JOB,
            cadence=Cadence(30 * MINUTE),
            needs=_NEEDS,
            assets=("alerts/escalations",),
            purpose="Escalates the tickets of the greatest SLA risk at one moment.",
            schedule="Escalation of tickets at risk.",
            limit=timedelta(minutes=20),
        ),
    ),
    monitor=MONITOR,
    alert_types=TYPES,
    problems=(
        Learned(
            name="sla_breach",
            question="will an open ticket miss its deadline?",
            scored_by=SCORE_JOB,
            declare=_sla_breach,
            unavailable=AlertType(
                name="sla_model_unavailable",
                meaning="The learned model of SLA breaches cannot score; the rule does.",
                next_step="look at `opsguard models`: the rule scores meanwhile",
                cause=OPSGUARD,
            ),
        ),
    ),
    ticks=(
        Tick(name="sla", computes="risk of every open ticket", scores=(SLA_RISK,), recorded_by=SCORE_JOB),
        Tick(name="escalations", computes="tickets at the highest risk", settles=False, undo=_undo_escalations),
    ),
    tables=Tables(
        versioned=(SLA_CLOCKS,),
        derived=(SLA_INTERVALS, TICKET_OUTCOMES, RECENT_TICKETS),
        scores=(SLA_RISK,),
    ),
)
