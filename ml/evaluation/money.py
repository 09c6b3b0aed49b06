"""What alerts cost and save, in money: thresholds compared on past moments.

Here: scored moments in, costs per threshold out. Not here: probabilities, and prices (settings).

An entity is alerted once, at the first of its moments whose probability reaches the threshold. A high threshold alerts
later, and the comparison takes that into account. An alert costs its handling. It prevents a share of the misses that
it announces early enough. People who would have acted without an alert are not modelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.float64]
GRID = tuple(round(0.02 * step, 2) for step in range(1, 50))
DRAWS, SEED = 400, 7
_SURE = 0.95


@dataclass(frozen=True)
class Costs:
    """The costs per entity.

    Attributes:
        miss: Cost of a missed deadline.
        alert: Cost of handling an alert.
        prevented_share: Share of the misses announced in time that are prevented, 0 to 1.
        lead_minutes: An alert with less time than this before the deadline prevents nothing.
    """

    miss: float
    alert: float
    prevented_share: float
    lead_minutes: float


@dataclass(frozen=True)
class Ledger:
    """Net cost of every entity under every threshold.

    Attributes:
        thresholds: The thresholds, ascending.
        alerted: (entities, thresholds): whether an alert was raised.
        net: (entities, thresholds): handling minus what was saved; negative saves money.
    """

    thresholds: tuple[float, ...]
    alerted: npt.NDArray[np.bool_]
    net: Numbers


def ledger(scored: pl.DataFrame, costs: Costs, *, key: str, thresholds: Sequence[float] = GRID) -> Ledger:
    """The net cost of every entity under every threshold.

    Args:
        scored: `key`, `as_of`, `risk`, `is_event`, `lead_minutes` (to the missed deadline; null where it was kept).
        costs: The prices.
        key: The column that names entities.
        thresholds: Probabilities from which an alert is raised, ascending.
    """
    grid = np.asarray(thresholds)
    rows = scored.drop_nulls(["risk", "is_event"]).sort(key, "as_of")
    highest = pl.col("risk").cum_max().over(key)
    frame = rows.select(
        entity=(pl.col(key).rle_id()),
        now=highest,
        before=highest.shift(1).over(key).fill_null(-1.0),
        saves=pl.col("is_event") & (pl.col("lead_minutes") >= costs.lead_minutes).fill_null(value=False),
    )
    # A moment is the first one to reach the thresholds between the highest risk so far and its own.
    first, last = (np.searchsorted(grid, frame[name].to_numpy(), side="right") for name in ("before", "now"))
    reached = np.maximum(last - first, 0)
    row = np.repeat(np.arange(len(frame)), reached)
    column = np.arange(len(row)) - np.repeat(np.cumsum(reached) - reached, reached) + first[row]
    entity = frame["entity"].to_numpy().astype(np.int64)
    shape = (int(entity[-1]) + 1 if len(entity) else 0, len(grid))
    alerted, net = np.zeros(shape, dtype=bool), np.zeros(shape)
    alerted[entity[row], column] = True
    net[entity[row], column] = costs.alert - costs.miss * costs.prevented_share * frame["saves"].to_numpy()[row]
    return Ledger(tuple(thresholds), alerted, net)


def cost_curve(book: Ledger) -> pl.DataFrame:
    """Cost and alerts of every threshold, with bootstrap intervals over entities.

    Returns:
        `threshold`, `alerts`, `alerts_share` (of the entities), `net_cost` (per entity; negative saves), `low` and
        `high` (95 %). Empty without entities.
    """
    if not len(book.net):
        kinds = ("threshold", "alerts", "alerts_share", "net_cost", "low", "high")
        return pl.DataFrame(schema=dict.fromkeys(kinds, pl.Float64))
    low, high = _interval(book.net)
    return pl.DataFrame(
        {
            "threshold": book.thresholds,
            "alerts": book.alerted.sum(axis=0),
            "alerts_share": book.alerted.mean(axis=0),
            "net_cost": book.net.mean(axis=0),
            "low": low,
            "high": high,
        }
    )


def best_threshold(curve: pl.DataFrame) -> float | None:
    """The threshold with the least net cost, the highest among equals; null where no alert ever saves money."""
    least = curve.filter(pl.col("net_cost") < 0).sort("net_cost", -pl.col("threshold")).head(1)
    return float(least["threshold"].item()) if len(least) else None


def difference(book: Ledger, threshold: float, other: float) -> dict[str, float]:
    """The difference in cost per entity between two thresholds, on the same entities, with a 95 % interval."""
    here, there = (book.net[:, book.thresholds.index(each)] for each in (threshold, other))
    low, high = _interval((here - there)[:, None])
    return {"difference": float((here - there).mean()), "low": float(low[0]), "high": float(high[0])}


def _interval(net: Numbers) -> tuple[Numbers, Numbers]:
    """Quantiles of means in a bootstrap over entities."""
    luck = np.random.default_rng(SEED)
    count = len(net)
    means = np.empty((DRAWS, net.shape[1]))
    for draw in range(DRAWS):
        weights = np.bincount(luck.integers(count, size=count), minlength=count)
        means[draw] = weights @ net / count
    low, high = np.quantile(means, [(1 - _SURE) / 2, (1 + _SURE) / 2], axis=0)
    return low, high
