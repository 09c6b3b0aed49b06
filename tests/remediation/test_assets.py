"""In Dagster: triggers and executions run as assets, tell figures, and their checks say what is wrong."""

import dagster as dg
import pytest
from sqlalchemy import text

from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.engine.assets import (
    CERTAIN,
    EXECUTIONS_KEY,
    NONE_STUCK,
    NOT_PAUSED,
    READ,
    TRIGGERS_KEY,
    WITHOUT_ERROR,
    remediation_assets,
)
from tests.remediation.engines import NOTE, Engine, lake_of

SETTINGS = Settings.model_validate({"remediation": {"ready": ["device-offline"]}})


FORGOTTEN = """
UPDATE executions SET due_at = now() - interval '1 hour', lease = gen_random_uuid(),
    lease_until = now() - interval '1 hour', worker = 'elsewhere/x/y/z/1/1'
"""


@pytest.fixture
def engine(database, tmp_path, monkeypatch):
    monkeypatch.setenv("OPSGUARD_HOME", str(tmp_path))
    monkeypatch.setenv("OPSGUARD_CONFIG", str(tmp_path / "opsguard.yaml"))
    (tmp_path / "playbooks").mkdir()
    return Engine(database, lake_of(tmp_path))


def run(engine):
    """One run of both assets; figures by asset, and which checks passed."""
    given = {"lake": engine.world.lake, "database": engine.database}
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(remediation_assets(SETTINGS, []), resources=resources, instance=instance)
    told = {event.asset_key: event.materialization.metadata for event in done.get_asset_materialization_events()}
    return told, {each.check_name: each.passed for each in done.get_asset_check_evaluations()}


def test_an_alert_is_decided_on_and_what_would_be_done_is_recorded_in_one_run(engine):
    engine.alert("D1")
    told, checks = run(engine)
    assert told[TRIGGERS_KEY]["decided_shadow"].value == 1
    assert told[EXECUTIONS_KEY]["ended_succeeded"].value == 1
    assert checks == dict.fromkeys([READ, NONE_STUCK, CERTAIN, WITHOUT_ERROR, NOT_PAUSED], True)
    (row,) = engine.executions()
    assert (row["playbook"], row["mode"], row["state"]) == ("device-offline", "shadow", "succeeded")
    assert {state for _, _, state in engine.steps()} == {"skipped"}


def test_a_file_that_cannot_be_read_and_a_pause_fail_their_checks_and_stop_nothing_else(engine, tmp_path):
    (tmp_path / "playbooks" / "broken.yaml").write_text("playbook: broken\nsteps: []\n")
    engine.alert("D1")
    run(engine)
    engine.change("UPDATE playbooks SET paused_at = now(), paused_by = 'breaker', paused_why = 'three failed'")
    engine.alert("D1", "D2", minutes=15)
    told, checks = run(engine)
    assert told[TRIGGERS_KEY]["decided_paused"].value == 1
    assert [name for name, passed in checks.items() if not passed] == [READ, NOT_PAUSED]


def test_what_is_leased_and_overdue_fails_its_check(engine):
    engine.use(NOTE)
    engine.alert("D1")
    engine.triggered()
    engine.change(FORGOTTEN)
    with engine.database.begin() as connection:
        # A worker that hangs in a transaction: nobody else can take what it holds.
        connection.execute(text("SELECT FROM executions FOR UPDATE"))
        _, checks = run(engine)
    assert [name for name, passed in checks.items() if not passed] == [NONE_STUCK]
