"""The problems that models are learned for, by name. Not here: any of them (each domain declares its own)."""

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import PROBLEMS
from opsguard_assets.models.problem import Problem


def problems_of(settings: Settings) -> dict[str, Problem]:
    """All problems of an installation."""
    return {name: each.declare(settings) for name, each in PROBLEMS.items()}
