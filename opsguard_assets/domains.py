"""The domains that there are, and what follows from all of their records together: jobs, problems, alert types, ticks.

Here: one line per domain, and look-ups. Not here: a record (`<domain>/domain.py`) and its shape (`domain`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.alerts.kinds import type_of_kind
from opsguard_assets.alerts.own_types import OWN_TYPES
from opsguard_assets.cadence import DAY, HOUR, MINUTE, MONTH, Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.domain import DEVICES
from opsguard_assets.domain import Domain, Job, Learned, Tick
from opsguard_assets.external.domain import external_domain
from opsguard_assets.finance.revenue.schemas import FINANCE_TABLES
from opsguard_assets.shifts.domain import SHIFTS
from opsguard_assets.tickets.domain import TICKETS
from opsguard_assets.triage.domain import TRIAGE
from opsguard_assets.vendors.domain import VENDORS

if TYPE_CHECKING:
    from opsguard_assets.models.problem import Problem

_DECLARING = (TICKETS, DEVICES, SHIFTS, VENDORS, TRIAGE)
ALERT_TYPES: Mapping[str, AlertType] = {each.name: each for each in OWN_TYPES} | {
    each.name: each
    for domain in _DECLARING
    for each in (*domain.alert_types, *(problem.unavailable for problem in domain.problems))
}
DOMAINS: tuple[Domain, ...] = (*_DECLARING, external_domain(tuple(ALERT_TYPES)))

SYNC_JOB, HOUSE_JOB, OUTCOMES_JOB = "sync_sources_job", "keep_house_job", "judge_remediation_job"
KPIS_JOB, SCORECARDS_JOB = "compute_kpis_job", "build_scorecards_job"
FINANCE_JOB = "account_revenue_job"
SATISFACTION_JOB = "ask_satisfaction_job"
# What follows wherever alerts are settled, in the same run and for the same moment.
AFTER_ALERTS = (
    "triage/alert_episodes", "triage/alert_risk", "alerts/priorities", "incidents/incidents", "delivery/notices",
    "remediation/autonomy", "remediation/triggers",
)  # fmt: skip
# The jobs of the house itself: every source, whatever it fills, and the stores.
_SYNC = Job(
    name=SYNC_JOB,
    cadence=Cadence(HOUR, 50 * MINUTE),
    schedule="Reads every source, also those whose news no sensor can see.",
    limit=timedelta(hours=6),
)
_OUTCOMES = Job(
    name=OUTCOMES_JOB,
    cadence=Cadence(DAY, 5 * HOUR + 55 * MINUTE),
    assets=("remediation/remediation_outcomes",),
    purpose="What playbooks achieved, and what to automate next.",
    schedule="Outcomes of playbooks over the last days.",
)
# Before scorecards are made on the first of a month.
_KPIS = Job(
    name=KPIS_JOB,
    cadence=Cadence(DAY, 2 * HOUR + 45 * MINUTE),
    needs=("clients",),
    assets=("scorecards/kpis", "scorecards/kpi_rows", "scorecards/value_delivered"),
    at_moment=("scorecards/kpis", "scorecards/value_delivered"),
    purpose="Key figures of all clients; those of unsigned months follow late records.",
    schedule="Key figures of the running month and the 13 before it.",
)
_FINANCE = Job(
    name=FINANCE_JOB,
    cadence=Cadence(DAY, 6 * HOUR + 20 * MINUTE),
    needs=("clients", "sites"),
    assets=tuple(table.derived_name for table in FINANCE_TABLES),
    at_moment=("finance/mrr", "finance/invoices"),
    purpose="Recurring revenue and its movements, use of features, invoices and projections.",
    schedule="Revenue of every month up to now, and the invoices of the newest whole one.",
)
_SCORECARDS = Job(
    name=SCORECARDS_JOB,
    cadence=Cadence(MONTH, 3 * HOUR),
    needs=("clients",),
    assets=("scorecards/scorecards",),
    purpose="Scorecards of a month, each client's on its own; those that may be sent are given to the delivery.",
    schedule="Scorecards of the month before, on its first day after.",
    is_by_month=True,
)
_SATISFACTION = Job(
    name=SATISFACTION_JOB,
    cadence=Cadence(MONTH, 9 * HOUR),
    needs=("clients",),
    assets=("satisfaction/satisfaction",),
    purpose="Asks contacts of clients how satisfied they were, each once a month; nobody unless settings name them.",
    schedule="One question about the month before, on its first day after.",
    is_by_month=True,
)
_HOUSE = Job(
    name=HOUSE_JOB,
    cadence=Cadence(DAY, 4 * HOUR + 30 * MINUTE),
    schedule="Compacts the lake, removes what nobody may need any more, and old runs.",
)


def _with_what_follows(job: Job) -> Job:
    """A job of a record; one that settles alerts also computes what follows from them."""
    if job.settles is None:
        return job
    at_moment = None if job.at_moment is None else (*job.at_moment, *AFTER_ALERTS)
    return replace(job, assets=(*job.assets, *AFTER_ALERTS), at_moment=at_moment)


_TICKING = (_with_what_follows(job) for domain in DOMAINS for job in domain.jobs)
JOBS: Mapping[str, Job] = {
    job.name: job for job in (_SYNC, *_TICKING, _OUTCOMES, _KPIS, _SCORECARDS, _SATISFACTION, _FINANCE, _HOUSE)
}
PROBLEMS: Mapping[str, Learned] = {each.name: each for domain in DOMAINS for each in domain.problems}
TICKS: Mapping[str, Tick] = {tick.name: tick for domain in DOMAINS for tick in domain.ticks}


def fed_problems(fed: Iterable[str]) -> Iterator[Learned]:
    """The problems that there are records for.

    Args:
        fed: Names of the canonical tables that sources fill.
    """
    tables = set(fed)
    return (each for each in PROBLEMS.values() if JOBS[each.scored_by].is_fed(tables))


def problems_of(settings: Settings) -> "dict[str, Problem]":
    """All problems that models are learned for, by name, as the settings declare them."""
    return {name: each.declare(settings) for name, each in PROBLEMS.items()}


def alert_type(name: str, further: Sequence[str] = ()) -> AlertType:
    """The description of a type of alerts; of one that no domain declares, by its kind (`alerts.kinds`).

    Args:
        name: The type.
        further: Kinds that protect lives beside the usual ones (`triage.life_safety`).
    """
    return ALERT_TYPES.get(name) or type_of_kind(name, further)


def meaning(name: str, chosen: Mapping[str, object]) -> str:
    """The meaning of an alert type with the current settings; of a kind of another system, that it reports it.

    Args:
        name: The type.
        chosen: The sections of the settings by name: `dict(settings)`.
    """
    return alert_type(name).meaning.format_map(chosen)
