"""What commands about models share: the names of the problems. Not here: learning."""

from enum import StrEnum

from opsguard_assets.domains import PROBLEMS


class ProblemName(StrEnum):
    """The prediction problems, by the records of the domains."""

    _ignore_ = "each"
    for each in PROBLEMS:
        vars()[each.upper()] = each


PROBLEM_HELP = " ".join(f"{each.name}: {each.question}" for each in PROBLEMS.values())


class NothingToJudgeError(RuntimeError):
    """The given period has nothing to evaluate or replay; the message says what was searched for."""
