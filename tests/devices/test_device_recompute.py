"""A tick of devices computed again is as it was, whatever was recorded since."""

from datetime import timedelta

import polars as pl
import pytest

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.devices.alerts.recompute_io import recompute_tick
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.recompute import NoTickError
from opsguard_assets.simulator.settings import SimulationSettings
from resources.database import MLFLOW
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import START, fleet_of, record_fleet
from tests.devices.test_device_jobs import SETTINGS, House
from tests.long import long

WORLD = SimulationSettings(seed=4, starts_at=START, sites=4, agents=12, devices_per_site=4, skewed_clock_share=0.2)
TICKS = [START + timedelta(days=2, hours=hour) for hour in (9, 10, 11)]
pytestmark = pytest.mark.timeout(300)


@long
def test_a_tick_of_devices_is_computed_again_to_the_digit_after_late_records_came(database, tmp_path):
    lake, records = Lake(str(tmp_path / "lake")), fleet_of(WORLD, TICKS[-1])
    champions = Champions(database)
    house = House(lake, ModelCatalog(Registry(Place(database.url_for(MLFLOW), tmp_path / "mlflow")), champions))
    late = pl.col("device_id").str.ends_with("1")
    in_time = records | {"telemetry": records["telemetry"].filter(~late)}
    for before, moment in zip([None, *TICKS], TICKS, strict=False):
        record_fleet(lake, in_time, moment, before, later=timedelta(0))
        assert house.tick(moment).success
    first = recompute_tick(lake, champions, TICKS[1], SETTINGS)
    assert first.is_reproduced
    assert all(digests.recorded for digests in first.digests.values())
    assert first.tick.recorded_upto is not None
    nothing = {name: rows.head(0) for name, rows in records.items()}
    record_fleet(lake, nothing | {"telemetry": records["telemetry"].filter(late)}, TICKS[-1], later=timedelta(days=1))
    update_hourly(lake, progress=Silent())
    again = recompute_tick(lake, champions, TICKS[1] + timedelta(minutes=20), SETTINGS)
    assert again.is_reproduced
    assert not health_at(lake, TICKS[1], replace_below=60).equals(again.rows["device_health"])
    with pytest.raises(NoTickError, match="No tick recorded at 2026-03-03"):
        recompute_tick(lake, champions, TICKS[0] - timedelta(days=1), SETTINGS)
