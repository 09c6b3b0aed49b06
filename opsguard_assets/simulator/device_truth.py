"""The true probability that a device fails, given everything that is true at a moment.

Here: within an hour exactly, because the hazard of an hour follows from the state at its beginning; within a day and a
week by living the same process forward many times from that state, with luck of its own. Not here: what devices report.

The truth knows what nobody can: hidden wear and the weather. So no model reaches it, and the distance that is left is
what reports do not tell. Going offline through a gateway comes on top, at a rate that depends on nothing.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from opsguard_assets.simulator.fleet import (
    OUTAGE_HOURS,
    OUTAGE_PER_HOUR,
    Fleet,
    Luck,
    State,
    hazard,
    of_some,
    passed,
    state_of_some,
)  # fmt: skip
from opsguard_assets.simulator.luck import generator
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT

WITHIN = {"1h": 1, "24h": 24, "7d": 168}
PATHS, MOST_MOMENTS = 60, 600
# A small world has a moment for each day of a device: within it little changes.
HOURS_PER_MOMENT = 24
# A silence of so many hours is offline; shorter outages of a gateway are none.
_OFFLINE_HOURS = 4


def outage_probability(hours: int) -> float:
    """The probability that a gateway goes down within so many hours for long enough to count as offline."""
    # Every length of an outage is as probable as any other.
    long = (OUTAGE_HOURS[1] - _OFFLINE_HOURS) / (OUTAGE_HOURS[1] - OUTAGE_HOURS[0])
    return float(1 - (1 - OUTAGE_PER_HOUR * long) ** hours)


def device_truth(
    settings: SimulationSettings, region: int, fleet: Fleet, states: list[State], *, moments: int = MOST_MOMENTS
) -> pl.DataFrame:
    """True probabilities at a sample of hourly moments at which devices work.

    Returns:
        `device_id`, `as_of`, `true_failure_1h`, `true_failure_24h`, `true_failure_7d` (of failing) and `true_down_1h`,
        `true_down_24h`, `true_down_7d` (of failing or going offline).
    """
    worked = len(states) * len(fleet)
    hours, places = _sampled(settings, region, states, min(moments, -(-worked // HOURS_PER_MOMENT)))
    if not len(hours):
        return pl.DataFrame(schema=_SCHEMA)
    some = of_some(fleet, places)
    gathered = {
        name: np.array([getattr(states[hour], name)[place] for hour, place in zip(hours, places, strict=True)])
        for name in vars(states[0])
    }
    state = State(**gathered)
    failing = _forward(settings, region, some, state, hours)
    frame = pl.DataFrame({"device_id": some.devices["device_id"], "_hour": hours.astype(np.float64)})
    start = pl.lit(settings.starts_at, INSTANT)
    rows = frame.select("device_id", as_of=start + pl.duration(hours=pl.col("_hour").cast(pl.Int64)))
    return rows.with_columns(
        *(pl.Series(f"true_failure_{name}", failing[name]) for name in WITHIN),
        *(
            pl.Series(f"true_down_{name}", 1 - (1 - failing[name]) * (1 - outage_probability(span)))
            for name, span in WITHIN.items()
        ),
    ).sort("as_of", "device_id")


_SCHEMA: dict[str, Any] = {
    "device_id": pl.String,
    "as_of": INSTANT,
    **{f"true_{what}_{name}": pl.Float64 for what in ("failure", "down") for name in WITHIN},
}


def _sampled(
    settings: SimulationSettings, region: int, states: list[State], count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Hours and devices, drawn alike over all device hours in which they worked."""
    empty = np.empty(0, dtype=np.int64)
    if not states or not len(states[0].charge):
        return empty, empty
    luck = generator(settings.seed, region, "truth moments")
    hours = luck.integers(len(states), size=count)
    places = luck.integers(len(states[0].charge), size=count)
    works = np.array([states[h].down_hours[p] <= 0 for h, p in zip(hours, places, strict=True)])
    return hours[works], places[works]


def _forward(
    settings: SimulationSettings, region: int, fleet: Fleet, state: State, hours: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.float64]]:
    """Shares of many lived futures in which each device failed by the end of every span."""
    luck = generator(settings.seed, region, "truth futures")
    every = np.repeat(np.arange(len(fleet)), PATHS)
    many, now = of_some(fleet, every), state_of_some(state, every)
    at = hours[every].astype(np.float64)
    survived = np.ones(len(every))
    found = {"1h": hazard(fleet, state)}
    for ahead in range(max(WITHIN.values())):
        # A path is not ended by luck but weighed by its hazard: fewer paths tell as much.
        survived *= 1 - hazard(many, now)
        now = passed(many, now, _weather_only(luck, len(every)), at + ahead).state
        for name, span in WITHIN.items():
            if span == ahead + 1 and name != "1h":
                found[name] = 1 - survived.reshape(-1, PATHS).mean(axis=1)
    return found


def _weather_only(luck: np.random.Generator, count: int) -> Luck:
    """Luck of an hour in which nothing fails: weather, wear and the crew go on."""
    never = np.full(count, 2.0)
    return Luck(
        weather=luck.normal(0, 0.35, count),
        wear=luck.exponential(1.0, count),
        crew=luck.random(count),
        repair_hours=np.ones(count),
        failing=never,
        mode=np.zeros(count),
    )
