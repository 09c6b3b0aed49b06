"""The prediction problem of device failures, and its history from the lake.

Here: reading. Training uses every report that was loaded: those that no tick has rolled up yet are rolled up in memory.
Not here: features and lives (`ml.problems.device_failure`), which moments are sampled (`failure.dataset`).
"""

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from ml.problems.device_failure.features import FEATURES, channels_in
from ml.problems.device_failure.problem import PROBLEM
from ml.problems.device_failure.rule import DeviceRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.dataset import Asked, DeviceDataset, History
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.devices.telemetry.hourly_io import hourly_versions
from opsguard_assets.devices.telemetry.hourly_update_io import unwritten_hourly, update_hourly
from opsguard_assets.devices.telemetry.schemas import StoredHour
from opsguard_assets.models.problem import PredictionLog, Problem, costs_of
from opsguard_assets.tables.devices import DeviceEvents
from opsguard_assets.tables.registry import DEVICE_EVENTS, DEVICES, TELEMETRY
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN, visible
from resources.lake import Lake
from resources.progress import Silent

INPUTS: tuple[Table, ...] = (DEVICES, TELEMETRY, DEVICE_EVENTS)
FAILURE_RISK = "device_failure_risk"


def device_failure(settings: Settings) -> Problem:
    """Will a device fail, or go offline?"""
    chosen = settings.device_failure
    judged = Asked(chosen.judged_within, chosen.visits_per_day, chosen.alert_from)
    return Problem(
        name=PROBLEM,
        entity="device",
        event="failure",
        group="devices",
        inputs=INPUTS,
        dataset=lambda lake, until: DeviceDataset.of(_history_by_now(lake), until, judged),
        refresh=_roll_up,
        rule=DeviceRule(),
        makes=makes,
        costs=costs_of(settings, settings.money.failure_cost),
        alert_from=chosen.alert_from,
        clear_below=chosen.clear_below,
        alert_type=FAILURE_RISK,
        step=timedelta(hours=1),
        prediction_log=PredictionLog(
            DEVICE_RISK,
            pl.col("device_id"),
            lambda lake, scores, until: DeviceDataset.of(_history_by_now(lake), until, judged).with_outcomes(scores),
            risk=pl.col(f"risk_{judged.within}"),
        ),
    )


def _roll_up(lake: Lake) -> None:
    update_hourly(lake, progress=Silent())


def makes(feature: str) -> bool:
    """Whether a feature can be computed. Features of any channel can; they are null where no device has the channel."""
    return feature in FEATURES or bool(channels_in([feature]))


def _history_by_now(lake: Lake) -> History:
    """The history with every loaded report, rolled up by a tick or not; nothing is written."""
    return history_of(lake, unwritten_hourly(lake) if lake.recorded_upto is None else None)


def history_of(lake: Lake, unwritten: dy.DataFrame[StoredHour] | None = None) -> History:
    """All versions of rollups, devices and their events.

    Args:
        lake: The lake.
        unwritten: Rollups that count beside the stored ones.
    """
    return History(
        hourly=hourly_versions(lake, unwritten=unwritten).collect(),
        devices=_versions(lake, DEVICES).collect(),
        events=events_of(lake).collect(),
    )


def events_of(lake: Lake) -> dy.LazyFrame[DeviceEvents]:
    """The first known version of every event."""
    in_order = _versions(lake, DEVICE_EVENTS).sort("known_at")
    return DEVICE_EVENTS.typed(in_order.unique(DEVICE_EVENTS.key, keep="first", maintain_order=True))


def removed_at(lake: Lake, as_of: datetime, heard: pl.DataFrame) -> pl.DataFrame:
    """The devices that were removed (`device_id`). A device that reports again is in service again.

    Args:
        lake: The lake.
        as_of: The moment of knowledge.
        heard: (`device_id`, `last_at`): when each was heard last.
    """
    known = events_of(lake).filter(pl.col("known_at") <= pl.lit(as_of, INSTANT), pl.col("kind") == "removed")
    last = known.group_by("device_id").agg(pl.col("at").max()).collect()
    since = last.join(heard.select("device_id", "last_at"), on="device_id", how="left")
    return since.filter((pl.col("at") >= pl.col("last_at")).fill_null(value=True)).select("device_id")


def _versions(lake: Lake, table: Table) -> pl.LazyFrame:
    return lake.versions(table).filter(~pl.col(IS_WITHDRAWN), visible()).select(table.columns)
