"""What commands about models share: the names of the problems, timestamps on the command line.

Here: text in, typed values out. Not here: learning.
"""

from datetime import UTC, datetime
from enum import StrEnum

import typer

from opsguard_assets.domains import PROBLEMS
from opsguard_assets.moment import in_utc, not_after_now


class ProblemName(StrEnum):
    """The prediction problems, by the records of the domains."""

    _ignore_ = "each"
    for each in PROBLEMS:
        vars()[each.upper()] = each


PROBLEM_HELP = " ".join(f"{each.name}: {each.question}" for each in PROBLEMS.values())


class NothingToJudgeError(RuntimeError):
    """The given period has nothing to evaluate or replay; the message says what was searched for."""


def instant(text: str | None, option: str) -> datetime | None:
    """A timestamp or a day; without an offset it is UTC.

    Raises:
        BadParameter: When it is neither, or lies after now.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option} {text!r} is not a valid timestamp; write it like 2026-01-31 or 2026-01-31T12:00Z."
        ) from None
    try:
        return not_after_now(in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}.") from None
