"""The survival candidate: learns when entities end, and from that whether they end in time.

Here: fitting. Not here: the model (`ml.models.hazard`).

It also learns from entities without a label: an open ticket has lasted so far, and a ticket that was finished an hour
ago counts before its deadline has passed.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from ml.dataset.examples import ENDED, FEWEST_ENDS, OTHERS_PER_EVENT, RARE, WATCHABLE, WATCHED, Examples
from ml.dataset.split import TooLittleDataError
from ml.models.hazard import Hazard, Periods
from ml.training.candidates.boosting import DEFAULTS, SPACE, boosted
from ml.training.candidates.candidate import Candidate, Fitted, Parameters

HOUR, WEEKDAY = "local_hour", "weekday"
_PERIODS = 14
# Each moment becomes as many rows as periods were watched: more moments than these cost memory and teach little.
_MOST_MOMENTS, _MOST_MOMENTS_OF_RARE = 100_000, 400_000
_LEAST_PER_PERIOD = 5_000


def hazard() -> Candidate:
    """Boosted trees for the hazard of every period."""
    parameters = {**DEFAULTS, "min_data_in_leaf": 300, "periods": _PERIODS}
    space = {**SPACE, "min_data_in_leaf": (150, 300, 600)}
    return Candidate("hazard", parameters, space, _fit, needs_durations=True)


def _fit(examples: Examples, parameters: Parameters, seed: int, later: Examples | None = None) -> Fitted:
    result, judged = examples.moments, later.moments if later else None
    periods = _periods(result, parameters["periods"])
    rows, ended, weights = person_periods(_some(result, seed), periods, seed)
    checked = person_periods(_some(judged, seed), periods, seed) if judged else None
    boosting = {name: value for name, value in parameters.items() if name != "periods"}
    booster, used = boosted(rows, ended, boosting, seed, checked, weights)
    return Fitted(Hazard(booster, periods, tells_end=examples.event_is_end), {**used, "periods": parameters["periods"]})


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


def person_periods(examples: Examples, periods: Periods, seed: int) -> tuple[Any, Any, Any]:
    """One row per moment and period, whether it ended there, and how many rows it stands for.

    A period counts if it could be observed to its end. Counting only the entities that ended within a shorter one would
    bias the hazard upwards. If ends are rare, all of them count, with a limited number of others, which weigh more.

    Returns:
        Features with the period's (float32), 0 or 1, and weights.
    """
    luck, stands = np.random.default_rng(seed), examples.weights()
    numbers = examples.numbers()
    watched, watchable, ended = examples.column(WATCHED), examples.column(WATCHABLE), examples.rows[ENDED].to_numpy()
    rows, labels, weights = [], [], []
    for begins, ends in periods.spans():
        present = np.flatnonzero((watched > begins) & (watchable >= ends))
        ends_here = ended[present] & (watched[present] <= ends)
        kept, weight = _thinned(ends_here, luck)
        rows.append(periods.described(numbers[present[kept]], begins, ends))
        labels.append(ends_here[kept])
        weights.append(weight * stands[present[kept]])
    return np.vstack(rows), np.concatenate(labels).astype(np.int64), np.concatenate(weights)


def _thinned(ended: Any, luck: np.random.Generator) -> tuple[Any, Any]:
    """Which rows of a period are kept, and how many each stands for."""
    others, ends = np.flatnonzero(~ended), np.flatnonzero(ended)
    wanted = max(len(ends) * OTHERS_PER_EVENT, _LEAST_PER_PERIOD)
    if len(ends) >= RARE * len(ended) or wanted >= len(others):
        return np.arange(len(ended)), np.ones(len(ended))
    kept = np.concatenate([ends, luck.choice(others, wanted, replace=False)])
    return kept, np.concatenate([np.ones(len(ends)), np.full(wanted, len(others) / wanted)])


def _some(examples: Examples, seed: int) -> Examples:
    if len(examples.rows) <= _MOST_MOMENTS:
        return examples
    return replace(examples, rows=_drawn(examples.rows, seed))


def _drawn(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """A sample of moments. Where ends are rare, more moments are drawn, so that few informative ones are lost."""
    ends = int(rows[ENDED].sum())
    most = _MOST_MOMENTS if ends >= RARE * len(rows) else _MOST_MOMENTS_OF_RARE
    return rows.sample(most, seed=seed) if len(rows) > most else rows
