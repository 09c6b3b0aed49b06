"""The moments of the incident log that models learn from and are judged by, as AutoML and the limits need them.

Here: `python -m benchmarks.quality_frames HOME FOLDER` writes them as Parquet. Not here: judging.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from ml.problems.sla_breach.problem import TASK
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.sla.snapshot_io import history_of
from resources.lake import Lake

SINCE = datetime(2016, 5, 1, tzinfo=UTC)
# The log ends in February 2017; everything in it is known by then.
END = datetime(2017, 6, 1, tzinfo=UTC)
MOMENTS = ("opening", "+24h", "+72h")


def pasts(home: Path) -> tuple[TicketDataset, TicketDataset]:
    """What was known when learning, and what is known now."""
    history = history_of(Lake(str(home / "lake")))
    return TicketDataset.of(history, SINCE), TicketDataset.of(history, END)


def judged_by(now: TicketDataset) -> dict[str, pl.DataFrame]:
    """The labelled moments of tickets that became known after the learning."""
    began = now.lives.filter(pl.col("begins_at") >= SINCE)
    return {moment: now.of_lives(began, moment) for moment in MOMENTS}


def write(home: Path, folder: Path) -> None:
    """train.parquet and one file per moment: features, `ticket_id`, `is_event`."""
    folder.mkdir(parents=True, exist_ok=True)
    then, now = pasts(home)
    columns = [TASK.key, "is_event", *TASK.features]
    then.training().select(columns).write_parquet(folder / "train.parquet")
    for moment, rows in judged_by(now).items():
        rows.select(columns).write_parquet(folder / f"{moment}.parquet")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
