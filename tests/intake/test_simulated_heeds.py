"""What playbooks do is done in the simulated provider, too: its next records show it."""

from datetime import timedelta

import polars as pl

from opsguard_assets.config.sources import SimulatorSource
from opsguard_assets.intake.readers.simulated import heed, live_on
from opsguard_assets.simulator.interventions import INTERVENTION, RESTART
from opsguard_assets.simulator.reports import watched
from opsguard_assets.simulator.settings import SimulationSettings
from tests.alerts.given import NOON
from tests.incidents.world import at
from tests.remediation.given import silent_device
from tests.remediation.recorded import executed, known, playbook

SETTINGS = {
    "seed": 5, "starts_at": "2026-02-24T00:00:00Z", "sites": 300, "devices_per_site": 1, "agents": 12,
    "tickets_per_day": 5, "guards": False, "orders_per_day": 0, "alarms_per_site": 0, "device_report_minutes": 60,
}  # fmt: skip
END = NOON + timedelta(hours=6)


def test_a_gateway_that_a_playbook_restarted_delivers_again(database, tmp_path):
    world = SimulationSettings.model_validate(SETTINGS)
    alone = watched(world, 0, END)
    sites = [f"R0-S{number:04d}" for number in range(world.sites)]
    every = pl.DataFrame({"kind": RESTART, "entity_id": sites, "person_id": None, "at": at(1)}, schema=INTERVENTION)
    helped = watched(world, 0, END, every)
    both = alone.outages.join(helped.outages, on=["site", "begins"], suffix="_now")
    site = both.filter(pl.col("ends_now") < pl.col("ends"), ~pl.col("keeps"))["site"][0]
    source = SimulatorSource(name="twin", kind="simulator", folder=str(tmp_path / "a twin"), settings=SETTINGS)
    assert heed(source, database) == 0, "it has no records yet"
    live_on(source, until=NOON)
    known(database, playbook())
    alert = silent_device(database, sites[site])
    executed(database, alert["alert_id"], minutes=0)
    assert heed(source, database) == 1
    live_on(source, until=END)
    device = f"R0-D{site:05d}"
    files = sorted((tmp_path / "a twin/telemetry").glob("*.parquet"))
    reports = sum(len(pl.read_parquet(file).filter(pl.col("device_id") == device)) for file in files)
    assert reports == len(helped.telemetry.filter(pl.col("device_id") == device))
    assert reports > len(alone.telemetry.filter(pl.col("device_id") == device))
