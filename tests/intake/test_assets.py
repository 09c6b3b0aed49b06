"""The load as Dagster runs it: one source that is away stops nobody else and is not passed over in silence."""

import dagster as dg
import pytest

from opsguard_assets.build import build_defs
from opsguard_assets.config.load import parse_settings
from opsguard_assets.domains import SYNC_JOB
from opsguard_assets.intake.receiving.inbox import Inbox
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from resources.progress import Silent
from tests.long import chosen

CONFIG = """
sources:
  - name: exports
    kind: files
    path: {folder}/vendors.csv
    feeds: [{{table: vendors, columns: {{vendor_id: id, name: name}}}}]
  - name: field
    kind: files
    path: {folder}/reports.csv
    feeds: [{{table: telemetry, same_names: true}}]
  - name: erp
    kind: sql
    url: sqlite:///{folder}/erp.db
    table: contractors
    feeds: [{{table: vendors, same_names: true}}]
"""


@pytest.fixture
def outcome(tmp_path, database):
    """One load of two sources of a table, of which the second has no such relation; and the lake."""
    (tmp_path / "vendors.csv").write_text("id,name\nV1,Lifts\n", encoding="utf-8")
    reports = (
        "device_id,at,battery_pct\na,2026-01-01T10:00:00Z,50\na,2026-01-02T10:00:00Z,49\nb,2026-01-02T10:00:00Z,50\n"
    )
    (tmp_path / "reports.csv").write_text(reports, encoding="utf-8")
    return load(tmp_path, database, CONFIG.format(folder=tmp_path))


def test_the_other_sources_of_a_table_are_loaded_all_the_same(outcome):
    result, lake = outcome
    assert result.success
    assert lake.known(TABLES["vendors"]).collect()["vendor_id"].to_list() == ["V1"]


def test_the_one_that_cannot_be_read_fails_a_check_that_says_why(outcome):
    failed = [check for check in outcome[0].get_asset_check_evaluations() if not check.passed]
    (check,) = failed
    assert (check.asset_key.to_user_string(), check.check_name) == ("raw/erp", "source_was_readable")
    assert check.severity == dg.AssetCheckSeverity.ERROR
    assert "there is no table or view contractors" in check.description


def test_the_page_of_telemetry_shows_the_reports_of_every_day(outcome):
    result, lake = outcome
    assert lake.known(TABLES["telemetry"]).collect().height == 3
    (page,) = [
        event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(["devices", "telemetry"])
    ]
    lines = page["rows_by_day"].value.splitlines()
    assert [line.split("|")[1:3] for line in lines[2:]] == [[" 2026-01-02 ", " 2 "], [" 2026-01-01 ", " 1 "]]


BROKEN = {
    "a secret that is not set": (
        "kind: sql\n    url: ${NOPE}\n    table: vendors",
        "{vendor_id: id, name: name}",
        ("source_was_readable", "source broken: the variable NOPE is not set. Set it, or write ${NOPE:-a default}."),
    ),
    "a column that the file does not have": (
        "kind: files\n    path: {folder}/vendors.csv",
        "{vendor_id: number, name: name}",
        ("mapping_fits", "Source broken, table vendors: the mapping names the column 'number', which the source does"),
    ),
    "a required column without an origin": (
        "kind: files\n    path: {folder}/vendors.csv",
        "{vendor_id: id}",
        ("mapping_fits", "Source broken, table vendors: required columns without an origin: name. Add them"),
    ),
    "a constant that is no value": (
        "kind: files\n    path: {folder}/vendors.csv",
        "{vendor_id: id, name: name, known_at: {constant: soon}}",
        ("mapping_fits", "Source broken, table vendors, column known_at: 'soon' is not a value of known_at"),
    ),
}


def load(tmp_path, database, config):
    """One load of some sources, and the lake."""
    lake = Lake(str(tmp_path / "lake"))
    inbox = Inbox(lake_uri=lake.uri, work_dir=tmp_path / "dlt", variables={})
    given = {"lake": lake, "database": database, "progress": Silent(), "inbox": inbox, "models": None}
    settings = parse_settings(config, name="opsguard.yaml", variables={})
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    job = build_defs(settings=settings, resources=resources).resolve_job_def(SYNC_JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, raise_on_error=False), lake


@pytest.mark.parametrize("kind", chosen(BROKEN, number=2))
def test_one_broken_source_of_a_table_stops_no_healthy_one_before_or_behind_it(tmp_path, database, kind):
    where, columns, (check, words) = BROKEN[kind]
    (tmp_path / "vendors.csv").write_text("id,name\nV1,Lifts\n", encoding="utf-8")
    (tmp_path / "more.csv").write_text("id,name\nV2,Doors\n", encoding="utf-8")
    healthy = "kind: files\n    path: {folder}/{file}.csv"
    sources = [("first", healthy.replace("{file}", "vendors"), "{vendor_id: id, name: name}")]
    sources += [("broken", where, columns), ("last", healthy.replace("{file}", "more"), "{vendor_id: id, name: name}")]
    written = "".join(
        f"  - name: {name}\n    {place.replace('{folder}', str(tmp_path))}\n"
        f"    feeds: [{{table: vendors, columns: {mapping}}}]\n"
        for name, place, mapping in sources
    )
    result, lake = load(tmp_path, database, "sources:\n" + written)
    assert result.success
    assert sorted(lake.known(TABLES["vendors"]).collect()["vendor_id"]) == ["V1", "V2"]
    (failed,) = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert (failed.check_name, failed.severity) == (check, dg.AssetCheckSeverity.ERROR)
    assert failed.description.startswith(words)
