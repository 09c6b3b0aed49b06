"""Device failures where the truth is known: models beside the true probability on the simulated fleet.

Here: one world, learned until its 45th day, judged after it; and health beside what followed. Not here: real records.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.quality_fleet_truth import truth_section
from ml.models.model import RiskModel
from ml.problems.device_failure.features import HORIZON
from ml.problems.device_failure.problem import HORIZONS
from ml.problems.device_failure.rule import DeviceRule
from ml.training.candidates.every import candidates
from ml.training.train import train
from ml.training.tuning import Budget
from opsguard_assets.devices.failure.checkpoint_io import advance_checkpoint
from opsguard_assets.devices.failure.dataset import Asked, DeviceDataset
from opsguard_assets.devices.failure.problem_io import history_of
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.health.outcomes import BANDS, STATES, THEN, failure_rates
from opsguard_assets.devices.health.plots import rates_picture
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.simulator.device_truth import device_truth
from opsguard_assets.simulator.reports import watched
from opsguard_assets.simulator.settings import SimulationSettings
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import fleet_of, record_fleet

START = datetime(2026, 1, 1, tzinfo=UTC)
CUT, END = START + timedelta(days=45), START + timedelta(days=60)
WORLD = SimulationSettings(seed=11, starts_at=START, sites=60)
PICTURE = Path(__file__).parent / "images" / "health_bands.svg"
_MOMENTS = 4_000
# One fleet has too few critical scores to say anything: health is judged on so many, each of its own luck.
_FLEETS = 4
_WHY = """\
Critical says first of all that a device is down: more than half of these scores are of devices that are. Nearly all the
others came back within the last 72 hours, and their score still holds the silence. They fail no more often afterwards
than others that came back in such days, and less often than devices in warning: what had failed was repaired, which on
the twin means a full battery and no wear. Of devices that were up throughout the lower band fails more, at both
horizons; few of these are critical, for that takes a bad battery and a bad signal at once. So of a device that is up,
critical tells what was; what comes is told by `device_risk`."""


def fleet_section() -> str:
    """The part of the page about the twin."""
    return _risk() + _health()


def _risk() -> str:
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        record_fleet(lake, fleet_of(WORLD, END), END)
        update_hourly(lake, progress=Silent())
        history = history_of(lake)
        dataset, then = (DeviceDataset.of(history, at, Asked("24h", 10)) for at in (END, CUT))
        budget = Budget(seconds=1, trials=0, clock=time.monotonic)
        trained = train(then.watched(), then.task, list(candidates()), until=CUT, budget=budget)
        models: list[RiskModel] = [t.model for t in trained if t.model]
        return _truth(dataset, [*models, DeviceRule()])


def _truth(dataset: DeviceDataset, models: list[RiskModel]) -> str:
    things = watched(WORLD, 0, END)
    frame = device_truth(WORLD, 0, things.fleet, things.states, moments=_MOMENTS).filter(pl.col("as_of") >= CUT)
    lives = dataset.lives.select("life_id", "device_id", "begins_at", "ends_at")
    at = frame.sort("as_of").join_asof(
        lives.sort("begins_at"), left_on="as_of", right_on="begins_at", by="device_id", check_sortedness=False
    ).filter(pl.col("as_of") < pl.col("ends_at"))  # fmt: skip
    rows = dataset.at(at.select("life_id", "as_of"))
    lines: list[tuple[float, str]] = []
    said: dict[str, pl.Series] = {}
    for model in models:
        cells = []
        for name in ("1h", "24h", "7d"):
            asked = rows.with_columns(pl.lit(HORIZONS[name]).alias(HORIZON))
            risk = model.predict(asked)
            distance = float(np.abs(risk.to_numpy() - at[f"true_down_{name}"].to_numpy()).mean())
            cells.append(f"{distance:.4f}")
            said |= {model.name: risk} if name == "24h" else {}
        lines.append((float(cells[1]), f"| {model.name} | {' | '.join(cells)} |"))
    truths = [at[f"true_down_{name}"].to_numpy() for name in ("1h", "24h", "7d")]
    constant = [float(np.abs(truth - truth.mean()).mean()) for truth in truths]
    lines.append((constant[1], f"| the true mean of all devices | {' | '.join(f'{c:.4f}' for c in constant)} |"))
    return (
        f"\n## Where the truth of devices is known\n\nThe twin, {len(things.fleet)} devices, learned until day 45, "
        f"judged at {len(at):,} moments after it: the mean distance to the true probability of failing or going "
        "offline. The truth knows hidden wear and the weather, so no model reaches it.\n\n"
        "| model | within 1 h | 24 h | 7 d |\n|---|---|---|---|\n" + "\n".join(line for _, line in sorted(lines)) + "\n"
    ) + truth_section(said, at["true_down_24h"], "24 h")


def _health() -> str:
    rates = failure_rates(*_scores_and_lives())
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(rates_picture(rates))
    rows = [
        f"| {band} | {state} | {_share(rates, band, state, THEN)} | {_share(rates, band, state, '24h')} "
        f"| {_share(rates, band, state, '7d')} |"
        for band in BANDS
        for state in STATES
    ]
    return (
        f"\n## Does a low health score precede failures?\n\nOn {_FLEETS} twins with seeds of their own, one score per "
        "day and device. The share of scores with a known outcome\nwhose device was down at the moment, and by a day "
        "and a week later. Devices that were up are split by whether they\ncame back within the 72 hours of the score. "
        "Intervals (95 %) treat scores as independent; those of one device on\nsuccessive days are not, so the "
        "intervals are too narrow.\n\n"
        "| band | devices | down then | failed or offline within 24 h | 7 d |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\n{_WHY}\n\n![Failures by band of health](images/health_bands.svg)\n"
    )


def _share(rates: pl.DataFrame, band: str, state: str, within: str) -> str:
    found = rates.filter(band=band, state=state, within=within)
    if found.is_empty():
        return "" if within == THEN else "none"
    r = found.row(0, named=True)
    return f"{r['failed']:,} of {r['devices']:,}: {r['rate']:.1%} ({r['low']:.1%} to {r['high']:.1%})"


def _scores_and_lives() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The scores of every day that can be judged, and the lives of their devices, of all fleets."""
    days = [START + timedelta(days=number) for number in range(5, 53)]
    scores, lives = [], []
    for number in range(_FLEETS):
        with tempfile.TemporaryDirectory() as folder:
            lake = Lake(folder)
            record_fleet(lake, fleet_of(WORLD.model_copy(update={"seed": WORLD.seed + number}), END), END)
            update_hourly(lake, progress=Silent())
            rows = pl.concat(health_at(lake, day, replace_below=60, checkpoint=advance_checkpoint) for day in days)
            lived = DeviceDataset.of(history_of(lake), END, Asked("24h", 10)).lives
        name = pl.format(f"{number} {{}}", "device_id")
        scores.append(rows.select(name.alias("device_id"), "as_of", "band"))
        lives.append(lived.with_columns(name.alias("device_id")))
    return pl.concat(scores), pl.concat(lives)
