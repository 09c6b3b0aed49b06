"""What settings of devices do: findings, risks, health, gaps."""

from datetime import timedelta
from functools import cache
from tempfile import mkdtemp

import dagster as dg
import polars as pl

from ml.problems.device_failure.rule import DeviceRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.assets import levels_of as device_levels
from opsguard_assets.devices.failure.risk_io import device_scorer
from opsguard_assets.devices.health.assets import device_health_asset
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.devices.telemetry.assets import hourly_asset
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.models.scoring import scored_rows
from opsguard_assets.models.serving import Serving
from opsguard_assets.simulator.settings import SimulationSettings
from resources.lake import Lake
from resources.progress import Silent
from tests.config.consequences.given import Seen, Unlocked, lake_of, plain
from tests.devices import test_findings as devices
from tests.devices.fleets import START, fleet_of, record_fleet
from tests.devices.reports import DEVICES, TELEMETRY, device_frame, minute, telemetry_frame
from tests.devices.reports import START as DAY


def device_findings(settings: Settings) -> Seen:
    """The findings of a tick of devices."""
    levels, now = device_levels(settings), devices.NOW
    risk = [
        dict.fromkeys(devices._RISK)
        | {"device_id": f"{n}", "site_id": "s1", "risk_24h": n / 20, "risk_7d": n / 30, "reason": "wear"}
        for n in range(20)
    ]
    health = [
        *(devices.well(f"silent{n}", "quiet", silent=15.0 * n) for n in (2.2, 2.7, 3.2, 4, 5)),
        *(devices.well(f"empty{n}", battery_pct=30.0, days_to_empty=n / 24) for n in (20, 40, 60, 80)),
        *(devices.well(f"old{n}", score=50.0, below_60_since_at=now - timedelta(days=n)) for n in (5, 8, 20)),
        *(devices.well(f"dark{n}", "dark", silent=60.0 + 10 * n) for n in range(3)),
        *(devices.well(f"lit{n}", "dark") for n in range(2)),
    ]
    events = [(f"{n}", now - timedelta(minutes=minutes), "maintenance") for n, minutes in ((18, 30), (19, 200))]
    found = devices.device_findings(
        pl.DataFrame(health, schema=devices._HEALTH),
        pl.DataFrame(risk, schema=devices._RISK),
        pl.DataFrame(events, schema=devices._EVENTS, orient="row"),
        levels,
        now,
    )
    return plain(found)


@cache
def _fleet() -> Lake:
    lake = lake_of("devices")
    world = SimulationSettings(seed=4, starts_at=START, sites=3, agents=12, devices_per_site=4)
    record_fleet(lake, fleet_of(world, START + timedelta(hours=12)), START + timedelta(hours=12))
    update_hourly(lake, progress=Silent())
    return lake


def device_risk(settings: Settings) -> Seen:
    """The rows of a tick of device risk, with the visits that are worth most."""
    return plain(scored_rows(device_scorer(settings), _fleet(), Serving(DeviceRule()), START + timedelta(hours=12)))


def health(settings: Settings) -> Seen:
    """Since when each device is unwell, as a tick of health stores it."""
    lake, moment = _fleet(), START + timedelta(hours=12)
    asset = device_health_asset(settings, [])
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize(
            [asset],
            instance=instance,
            resources={"lake": lake, "database": Unlocked()},
            run_config={"ops": {"devices__device_health": {"config": {"as_of": moment.isoformat()}}}},
        )
    rows = lake.scan(DEVICE_HEALTH.derived_name).filter(pl.col("as_of") == moment).collect()
    return plain(rows.sort("device_id").select("device_id", "below_60_since_at"))


def gaps_of_devices(settings: Settings) -> Seen:
    """What the page of a day says of devices that fell silent and came back."""
    lake = Lake(mkdtemp(prefix="gaps "))
    known = {"device_id": "a", "site_id": "s", "known_at": minute(-1), "reports_every_minutes": 15.0}
    lake.record(DEVICES, device_frame([known]), loaded_at=DAY)
    times = [0, 15, 30, 70, 85, 100, 115]
    reports = [{"device_id": "a", "at": minute(at), "known_at": minute(at), "signal_dbm": -70.0} for at in times]
    columns = dict.fromkeys(TELEMETRY.columns)
    lake.record(TELEMETRY, telemetry_frame([columns | each for each in reports]), loaded_at=minute(200))
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(
            [hourly_asset(settings, ready=())],
            partition_key=DAY.date().isoformat(),
            instance=instance,
            resources={"lake": lake, "database": Unlocked(), "progress": Silent()},
        )
    return [each.description for each in done.get_asset_check_evaluations()]
