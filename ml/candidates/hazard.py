"""The survival candidate: learns when things end, and from that whether they end in time.

Here: how it is fitted. Not here: what it is (`ml.hazard`).

It learns from what has no outcome yet, too: a ticket that is open tells that it was not finished so far, and one that
was finished an hour ago need not wait for its deadline to teach.
"""

from typing import Any

import numpy as np

from ml.candidates.boosting import DEFAULTS, SPACE, boosted
from ml.candidates.candidate import Candidate, Fitted, Parameters
from ml.examples import ENDED, FEWEST_ENDS, WATCHABLE, WATCHED, Examples
from ml.hazard import Hazard, Periods
from ml.split import TooLittleDataError

HOUR, WEEKDAY = "local_hour", "weekday"
_PERIODS = 14
# Each moment becomes as many rows as periods were watched: more moments than these cost memory and teach little.
_MOST_MOMENTS = 100_000


def hazard() -> Candidate:
    """Boosted trees for the hazard of every period."""
    parameters = {**DEFAULTS, "min_data_in_leaf": 300, "periods": _PERIODS}
    space = {**SPACE, "min_data_in_leaf": (150, 300, 600)}
    return Candidate("hazard", parameters, space, _fit, needs_durations=True)


def _fit(examples: Examples, parameters: Parameters, seed: int, later: Examples | None = None) -> Fitted:
    periods = _periods(examples, parameters["periods"])
    rows, ended = person_periods(_some(examples, seed), periods)
    checked = person_periods(_some(later, seed), periods) if later else None
    boosting = {name: value for name, value in parameters.items() if name != "periods"}
    booster, used = boosted(rows, ended, boosting, seed, checked)
    return Fitted(Hazard(booster, periods), {**used, "periods": parameters["periods"]})


def _periods(examples: Examples, count: int) -> Periods:
    """Periods in which about equally many ends were seen; the last one reaches as far as anything was watched."""
    ends = examples.rows.filter(ENDED)[WATCHED]
    if len(ends) < FEWEST_ENDS:
        raise TooLittleDataError(f"Only {len(ends)} ends were seen; {FEWEST_ENDS} are needed to learn when work ends.")
    inner = [ends.quantile(i / count, "linear") or 0.0 for i in range(1, count)]
    last = float(examples.column(WATCHED).max())
    edges = sorted({0.0, *(round(edge, 3) for edge in inner if 0 < edge < last), last})
    place = {name: i for i, name in enumerate(examples.features)}
    return Periods(tuple(edges), place[str(examples.horizon)], place.get(HOUR), place.get(WEEKDAY))


def person_periods(examples: Examples, periods: Periods) -> tuple[Any, Any]:
    """One row per moment and period, and whether it ended there.

    A period counts where it could be watched to its end. Counting those that ended within a period that could not, but
    not those that did not, would say that everything ends soon.

    Returns:
        Features with the period's (float32), and 0 or 1.
    """
    numbers = examples.numbers()
    watched, watchable, ended = examples.column(WATCHED), examples.column(WATCHABLE), examples.rows[ENDED].to_numpy()
    rows, labels = [], []
    for begins, ends in periods.spans():
        told = (watched > begins) & (watchable >= ends)
        rows.append(periods.described(numbers[told], begins, ends))
        labels.append((ended & (watched <= ends))[told])
    return np.vstack(rows), np.concatenate(labels).astype(np.int64)


def _some(examples: Examples, seed: int) -> Examples:
    if len(examples.rows) <= _MOST_MOMENTS:
        return examples
    return Examples(examples.rows.sample(_MOST_MOMENTS, seed=seed), examples.features, examples.horizon)
