"""`opsguard status`: what it says of a home, and that it makes none."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from sqlalchemy import text

from opsguard_assets.intake.ledger import ledger
from opsguard_assets.intake.ledger.ledger import Accepted
from opsguard_assets.tables.registry import TABLES
from resources.database import DAGSTER
from resources.lake import Lake
from resources.ticks import Tick, record_tick

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """Modules are imported long before their tests run."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC).replace(microsecond=0))


CONFIG = """
sources:
  - {name: desk, kind: files, path: in, max_rejected_share: 0.1, feeds: [{table: tickets, same_names: true}]}
  - {name: erp, kind: sql, url: 'sqlite:///nowhere.db', table: jobs, feeds: [{table: work_orders, same_names: true}]}
"""


def test_a_home_that_nobody_opened_is_not_made_and_says_what_to_do(tmp_path):
    home = tmp_path / "not there"
    variables = {k: v for k, v in os.environ.items() if not k.startswith("OPSGUARD")}
    done = subprocess.run(
        [Path(sys.executable).parent / "opsguard", "status"],
        env={**variables, "OPSGUARD_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "opsguard demo" in done.stdout
    assert not home.exists()


@pytest.fixture
def status(command_named, tmp_path):
    """The command on an empty lake and database, with a source of tickets and one of work orders."""
    call = command_named("status", timezone="UTC")
    (tmp_path / "opsguard.yaml").write_text(CONFIG)
    return call


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


def loaded(lake, *, received, rejected, at=NOW):
    load = Accepted("L1", "desk", "tickets", received, received - rejected, rejected, 0, at, at)
    lake.append_once(ledger.NAME, ledger.rows_of([load]), stream="test", sequence=1)


def ticked(database, monitor, as_of):
    with database.begin() as connection:
        statement = (
            "INSERT INTO monitor_ticks (monitor, as_of, findings, digest, is_late) VALUES (:m, :a, 0, 'd', false)"
        )
        connection.execute(text(statement), {"m": monitor, "a": as_of})


def job(told, name):
    return next(row for row in told["jobs"] if row["job"] == name)


def test_before_the_first_load_it_names_the_sources_and_the_next_step(status):
    code, out, _ = status()
    assert code == 0
    assert "Nothing is loaded yet" in out
    assert "desk" in out
    assert "score_devices_job" not in out, "no source brings telemetry: that job does not exist here"


def test_a_tick_is_late_from_the_second_that_was_left_out(status, database):
    ticked(database, "sla", NOW - timedelta(minutes=31))
    ticked(database, "vendors", NOW - timedelta(minutes=100))
    record_tick(database, Tick("score_sla_job", NOW - timedelta(minutes=31), 3, "d", "rule_baseline", "1"))
    document = json.loads(status("--json")[1])
    assert (job(document, "score_sla_job")["is_late"], job(document, "watch_orders_job")["is_late"]) == (True, False)
    assert job(document, "score_sla_job")["lag_minutes"] == 31
    assert job(document, "score_sla_job")["model"] == "rule_baseline 1"
    assert job(document, "escalate_sla_job")["newest"] is None
    assert any("opsguard up" in step for step in document["next"]) is False, "nothing is loaded: that comes first"


def test_what_a_source_brought_last_and_how_old_its_newest_row_is(status, lake):
    loaded(lake, received=100, rejected=20)
    opened_at = NOW - timedelta(hours=5)
    row = {"ticket_id": "T1", "status": "open", "opened_at": opened_at, "updated_at": opened_at, "known_at": NOW}
    tickets = TABLES["tickets"]
    frame = pl.DataFrame([row], schema_overrides={k: v for k, v in tickets.dtypes.items() if k in row})
    rest = [pl.lit(None, dtype).alias(name) for name, dtype in tickets.dtypes.items() if name not in row]
    lake.record(tickets, frame.with_columns(rest).select(tickets.columns), loaded_at=NOW)
    document = json.loads(status("--json")[1])
    desk, erp = document["sources"]
    assert (desk["received"], desk["accepted"], desk["rejected"], desk["is_over_limit"]) == (100, 80, 20, True)
    assert datetime.fromisoformat(desk["newest_row_at"]) == opened_at
    assert (erp["last_load_at"], erp["received"]) == (None, 0)
    assert [(t["what"], t["where"]) for t in document["troubles"]] == [("rejected rows", "source desk")]


def test_failed_runs_failing_checks_and_pending_notices_are_listed(status, database, lake):
    loaded(lake, received=1, rejected=0)
    url = database.url_for(DAGSTER)
    overrides = {"storage": {"postgres": {"postgres_url": url}}}
    key = dg.AssetKey(["raw", "desk"])

    @dg.asset(key=key, check_specs=[dg.AssetCheckSpec("every_file_was_readable", asset=key)])
    def raw():
        words = "broken.csv: it has no header"
        check = dg.AssetCheckResult(check_name="every_file_was_readable", passed=False, description=words)
        return dg.MaterializeResult(check_results=[check])

    @dg.asset
    def broken():
        raise RuntimeError("no")

    with dg.instance_for_test(overrides=overrides) as instance:
        dg.materialize([raw], instance=instance)
        assert not dg.materialize([broken], instance=instance, raise_on_error=False).success
    result = {(t["what"], t["where"]): t["words"] for t in json.loads(status("--json")[1])["troubles"]}
    assert result["failed check", "raw/desk every_file_was_readable"] == "broken.csv: it has no header"
    assert any(what == "failed run" for what, _ in result)
    code, out, _ = status()
    assert code == 0
    assert "broken.csv" in out
    assert "opsguard doctor" in out
