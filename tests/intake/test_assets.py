"""The load as Dagster runs it: one source that is away stops nobody else and is not passed over in silence."""

import dagster as dg
import pytest

from opsguard_assets.build import SYNC_JOB, build_defs
from opsguard_assets.config.load import parse_settings
from opsguard_assets.intake.inbox import Inbox
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from resources.progress import Silent

CONFIG = """
sources:
  - name: exports
    kind: files
    path: {folder}/vendors.csv
    feeds: [{{table: vendors, columns: {{vendor_id: id, name: name}}}}]
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
    lake = Lake(str(tmp_path / "lake"))
    inbox = Inbox(lake_uri=lake.uri, work_dir=tmp_path / "dlt", variables={})
    given = {"lake": lake, "database": database, "progress": Silent(), "inbox": inbox}
    settings = parse_settings(CONFIG.format(folder=tmp_path), name="opsguard.yaml", variables={})
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    job = build_defs(settings=settings, resources=resources).resolve_job_def(SYNC_JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, raise_on_error=False), lake


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
