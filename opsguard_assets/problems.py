"""The problems that models are learned for, by name. Not here: any of them (each domain declares its own)."""

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure_store import device_failure
from opsguard_assets.models.problem import Problem
from opsguard_assets.shifts.no_show_store import no_show
from opsguard_assets.tickets.breach_problem import sla_breach


def problems_of(settings: Settings) -> dict[str, Problem]:
    """All problems of an installation."""
    return {problem.name: problem for problem in (sla_breach(settings), device_failure(settings), no_show(settings))}
