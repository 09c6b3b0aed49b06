"""Real device records through the public mapping alone: every row is accounted for, and ticks read them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsguard_assets.config.load import load_settings
from opsguard_assets.devices.health.io import health_at
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.receiving.receive import receive
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from resources.progress import Silent
from tests.long import long

ROOT = Path(__file__).parents[2]
DATASETS = ROOT.parent / "shared" / "datasets"


def loaded(name, tmp_path, monkeypatch):
    """The lake after one load of every source of an example; what was received, accepted and rejected per table."""
    if not (DATASETS / name).is_dir():
        pytest.skip(f"the public records of {name} are not on this machine")
    monkeypatch.chdir(ROOT)
    settings = load_settings(ROOT / "examples" / name / "opsguard.yaml", {"OPSGUARD_DATASETS": str(DATASETS)})
    lake, counts = Lake(str(tmp_path / "lake")), {}
    for source in settings.sources:
        receive(source, lake_uri=lake.uri, work_dir=tmp_path / "work", loaded_at=datetime.now(UTC))
        for line in accept(lake, source, TABLES):
            assert line.received == line.accepted + line.rejected + line.unchanged
            before = counts.get((source.name, line.table), (0, 0, 0))
            found = (line.received, line.accepted, line.rejected)
            counts[source.name, line.table] = tuple(a + b for a, b in zip(before, found, strict=True))
    return lake, counts


def test_machines_arrive_with_their_wide_table_as_channels(tmp_path, monkeypatch):
    lake, counts = loaded("machines_simulated", tmp_path, monkeypatch)
    assert counts["machine_telemetry", "telemetry"] == (43_200, 43_200, 0)
    assert counts["machine_failures", "device_events"] == (761, 761, 0)
    update_hourly(lake, progress=Silent())
    channels = lake.scan("devices/device_hourly").select("channels").head(1).collect().item()
    assert [channel["channel"] for channel in channels] == ["pressure", "rotate", "vibration", "volt"]


@long
def test_motes_are_read_out_of_their_archives_with_decimal_commas(tmp_path, monkeypatch):
    lake, counts = loaded("wireless_sensors", tmp_path, monkeypatch)
    assert counts["library_1", "telemetry"] == (29_702, 29_698, 0)
    assert counts["library_2", "telemetry"] == (7_114, 7_114, 0)
    update_hourly(lake, progress=Silent())
    health = health_at(lake, datetime(2006, 12, 2, tzinfo=UTC), replace_below=60)
    assert len(health) == 39
    second = health.filter(site_id="library_2")
    assert second["battery_pct"].is_between(50, 100).all()
    assert second["signal_score"].drop_nulls().is_between(0, 100).all()
    assert set(health.filter(site_id="library_1")["band"]) == {"critical"}
