"""Every device that may have an alert is explained, whatever horizon alerts go by."""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl
import pytest

from ml.problems.device_failure.features import HORIZON
from ml.problems.device_failure.problem import HORIZONS
from ml.problems.device_failure.rule import DeviceRule
from opsguard_assets.config.failures import DeviceFailure
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.risk_io import device_scorer
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.models.scoring import scored_rows
from opsguard_assets.models.serving import Serving
from opsguard_assets.simulator.settings import SimulationSettings
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import START, fleet_of, record_fleet

MOMENT = START + timedelta(hours=12)


@dataclass(frozen=True)
class FailsLate(DeviceRule):
    """A model by which nothing fails within a week and much does within a month."""

    def predict(self, features: pl.DataFrame) -> pl.Series:
        month = pl.col(HORIZON) == HORIZONS["30d"]
        return features.select(probability=pl.when(month).then(0.7).otherwise(0.01))["probability"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(str(tmp_path_factory.mktemp("fleet")))
    world = SimulationSettings(seed=4, starts_at=START, sites=3, agents=12, devices_per_site=4)
    record_fleet(lake, fleet_of(world, MOMENT), MOMENT)
    update_hourly(lake, progress=Silent())
    return lake


def explained_and_up(lake, within):
    settings = Settings(device_failure=DeviceFailure(judged_within=within, visits_per_day=2))
    up = scored_rows(device_scorer(settings), lake, Serving(FailsLate()), MOMENT).filter(state="up")
    return up["reason"].drop_nulls().len(), len(up)


def test_who_may_have_an_alert_has_a_reason_whatever_horizon_alerts_go_by(lake):
    explained, up = explained_and_up(lake, "30d")
    assert explained == up > 2


def test_where_nobody_may_have_an_alert_only_the_visits_of_a_day_are_explained(lake):
    explained, _ = explained_and_up(lake, "24h")
    assert explained == 2
