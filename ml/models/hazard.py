"""Survival in periods: how likely something is still going on when its time is up.

Here: periods of a span, and a fitted survival model as a scorer. Not here: how it is fitted
(`ml.training.candidates.hazard`).

A span after a moment is cut into periods. In each, what is still going on ends with a probability, the hazard h, that
depends on the features at the moment and on the period. It outlasts a horizon H with the probability

    P(longer than H) = product over the periods before H of (1 - h) ** (share of the period before H)

This is the discrete-time survival model of Cox (1972) and Allison (1982), with boosted trees for the log odds of h.
What was watched for a while and not seen to end counts for the periods in which it was watched.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.models.calibration import Numbers

# What tells a period, beside the features of a row: its beginning and length, weekday and hour at its middle.
PERIOD_FEATURES = 4
_CHUNK = 100_000
_EXPLAINED = 3
_DAY, _WEEK = 24.0, 168.0


@dataclass(frozen=True)
class Periods:
    """A span in periods.

    Attributes:
        edges: Minutes after the moment, ascending from 0: where periods begin, and where the last one ends.
        horizon: Position of the feature that says how many minutes are left. It decides how many periods count, and is
            hidden from the hazard: more time alone never makes a miss more likely.
        hour: Position of the feature that holds the local hour; null where there is none.
        weekday: Position of the weekday (1 to 7), likewise.
    """

    edges: tuple[float, ...]
    horizon: int
    hour: int | None
    weekday: int | None

    def spans(self) -> Iterator[tuple[float, float]]:
        """Beginning and end of every period."""
        yield from zip(self.edges[:-1], self.edges[1:], strict=True)

    def described(self, rows: Numbers, begins: float, ends: float) -> npt.NDArray[np.float32]:
        """Features with what tells a period: its beginning and length, hour and weekday at its middle."""
        count = len(rows)
        unknown = np.full(count, np.nan)
        hour = rows[:, self.hour] if self.hour is not None else unknown
        day = rows[:, self.weekday] if self.weekday is not None else unknown
        # The middle of the period in hours: half of the sum, and 60 minutes each.
        place = ((day - 1) * _DAY + hour + (begins + ends) / 120) % _WEEK
        columns = (np.full(count, begins), np.full(count, ends - begins), place // _DAY, place % _DAY)
        wide = np.column_stack([rows, *columns]).astype(np.float32)
        wide[:, self.horizon] = np.nan
        return wide


@dataclass(frozen=True)
class Hazard:
    """A survival model as a scorer.

    Attributes:
        booster: Log odds of the end in a period, of features and period.
        periods: The periods.
        tells_end: The probability is of an end within the horizon, and not of none.
    """

    booster: Any
    periods: Periods
    tells_end: bool = False

    def scores(self, rows: Numbers) -> Numbers:
        """The probability to outlast the horizon, or not to; NaN where none is known."""
        parts = [self._scores(rows[first : first + _CHUNK]) for first in range(0, len(rows), _CHUNK)]
        lasting = np.concatenate(parts) if parts else np.empty(0)
        return 1 - lasting if self.tells_end else lasting

    def contributions(self, rows: Numbers) -> Numbers:
        """What every feature adds to the logarithm of the probability to outlast, to first order.

        In one period it changes by -h times the change of the log odds of h, of which trees tell the parts. Every third
        period speaks for its neighbours: telling the parts costs a hundred times more than telling h.
        """
        total = np.zeros(rows.shape)
        for begins, ends, share in islice(self._within(rows), 0, None, _EXPLAINED):
            reached = share > 0
            if not reached.any():
                break
            values = self.booster.predict(self.periods.described(rows[reached], begins, ends), pred_contrib=True)
            hazard = 1 / (1 + np.exp(-values.sum(axis=1)))
            total[reached] -= (share[reached] * hazard)[:, None] * values[:, : rows.shape[1]]
        return -total if self.tells_end else total

    def _scores(self, rows: Numbers) -> Numbers:
        lasting = np.zeros(len(rows))
        for begins, ends, share in self._within(rows):
            reached = share > 0
            if not reached.any():
                break
            hazard = self.booster.predict(self.periods.described(rows[reached], begins, ends))
            lasting[reached] += share[reached] * np.log1p(-np.clip(hazard, 0, 1 - 1e-12))
        return np.where(np.isnan(rows[:, self.periods.horizon]), np.nan, np.exp(lasting))

    def _within(self, rows: Numbers) -> Iterator[tuple[float, float, Numbers]]:
        """Every period with the share of it that lies before the horizon of each row."""
        left = np.nan_to_num(rows[:, self.periods.horizon], nan=0.0)
        for begins, ends in self.periods.spans():
            yield begins, ends, np.clip((left - begins) / (ends - begins), 0.0, 1.0)
