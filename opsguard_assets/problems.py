"""The problems that models are learned for, by name. Not here: any of them (each domain declares its own)."""

from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.problem_io import device_failure
from opsguard_assets.models.problem import Problem
from opsguard_assets.shifts.no_show.problem_io import no_show
from opsguard_assets.tickets.risk.problem_io import sla_breach
from opsguard_assets.vendors.orders.problem_io import work_order_late


def problems_of(settings: Settings) -> dict[str, Problem]:
    """All problems of an installation."""
    declared = (sla_breach, device_failure, no_show, work_order_late)
    return {problem.name: problem for problem in (declare(settings) for declare in declared)}
