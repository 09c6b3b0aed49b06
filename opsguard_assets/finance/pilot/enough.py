"""What cannot be said yet, and after how many more weeks it could be.

Here: arithmetic. Not here: counts (`figures`), words.

Weeks follow from the pace of the pilot: so many held back in so many days. An interval narrows with the root of the
number, so an effect that stays as it is will be told from none once its interval is as narrow as the effect is large.
"""

from math import ceil

from ml.evaluation.prevention import LEAST
from opsguard_assets.finance.pilot.pilot import Waiting

NO_HOLDOUT, NO_ALERTS, NO_EFFECT = "no_holdout", "no_alerts", "no_effect"
_WEEK = 7


def more_weeks(have: int, needed: int, days: int) -> int | None:
    """How many more weeks it takes to get from so many to those needed, at the pace of some days; None: never."""
    if have >= needed:
        return 0
    return None if not have else ceil((needed - have) * days / have / _WEEK)


def weeks_to_tell(effect: float, low: float, days: int) -> int | None:
    """After how many more weeks an effect that stays as it is is told from none; None where there is none.

    Args:
        effect: What was measured.
        low: Lower end of its interval.
        days: Of what it is.
    """
    if low > 0:
        return 0
    return None if effect <= 0 else ceil(days * (((effect - low) / effect) ** 2 - 1) / _WEEK)


def of_prevention(
    held_back: int, acted_on: int, effect: tuple[float, float] | None, days: int, share: float
) -> Waiting | None:
    """What is missing to say how many deadlines alerts kept; None where it can be said.

    Args:
        held_back: Alerted tickets that were held back.
        acted_on: Those that were acted on.
        effect: The effect and the lower end of its interval; None below the least numbers.
        days: Of what the counts are.
        share: What is held back by the settings now.
    """
    if effect is not None:
        weeks = weeks_to_tell(*effect, days)
        if weeks == 0:
            return None
        have = min(held_back, acted_on)
        needed = have if weeks is None else ceil(have * (1 + weeks * _WEEK / days))
        return Waiting(what="breaches", have=have, needed=needed, weeks=weeks, why=None if weeks else NO_EFFECT)
    if not share and not held_back:
        return Waiting(what="breaches", have=0, needed=LEAST, weeks=None, why=NO_HOLDOUT)
    each = [more_weeks(number, LEAST, days) for number in (held_back, acted_on)]
    weeks = None if None in each else max(number for number in each if number is not None)
    why = NO_ALERTS if weeks is None else None
    return Waiting(what="breaches", have=min(held_back, acted_on), needed=LEAST, weeks=weeks, why=why)


def of_share(what: str, n: int, days: int) -> Waiting | None:
    """What is missing to say a share: as many rows as comparisons take; None where there are enough."""
    if n >= LEAST:
        return None
    weeks = more_weeks(n, LEAST, days)
    return Waiting(what=what, have=n, needed=LEAST, weeks=weeks, why=NO_ALERTS if weeks is None else None)
