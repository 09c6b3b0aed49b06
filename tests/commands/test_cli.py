"""The command as a new user runs it: real processes on a small simulated provider and an embedded database."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from opsguard_assets.tables.registry import TABLES

OPSGUARD = Path(sys.executable).parent / "opsguard"
CONFIG = """
sources:
  - name: twin
    kind: simulator
    folder: ${OPSGUARD_HOME}/simulated
    settings: {seed: 5, sites: 6, agents: 12, tickets_per_day: 10}
  - name: exports
    kind: files
    path: ${OPSGUARD_HOME}/exports
    max_rejected_share: 0.5
    feeds:
      - table: vendors
        columns: {vendor_id: id, name: name}
"""
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An installation on which `opsguard demo` ran once."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "opsguard.yaml").write_text(CONFIG)
    (folder / "exports").mkdir()
    (folder / "exports/vendors.csv").write_text("id,name\nV1,Lifts\n,Nobody\n")
    return folder


def opsguard(home, *arguments, **variables):
    """Runs the command; its result."""
    own = {"OPSGUARD_HOME": str(home), "OPSGUARD_CONFIG": str(home / "opsguard.yaml"), "COLUMNS": "200"}
    return subprocess.run(
        [OPSGUARD, *arguments], env={**os.environ, **own, **variables}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def demo(home):
    result = opsguard(home, "demo", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_demo_accounts_for_every_row_and_scores_every_open_ticket(demo):
    loads = {load["table"]: load for load in demo["loads"]}
    assert {"clients", "sites", "tickets", "ticket_events", "sla_policies", "vendors"} <= set(loads)
    for load in loads.values():
        assert load["received"] == load["accepted"] + load["rejected"] + load["unchanged"]
    rejected = {(rule["table"], rule["rule"].split(";")[0]): rule["rows"] for rule in demo["rejected"]}
    assert rejected.pop(("vendors", "vendor_id: required")) == 1
    # Some simulated devices have clocks that run hours ahead.
    assert set(rejected) <= {("telemetry", "at: more than 60 minutes after the row was known")}
    assert sum(demo["tick"]["by_state"].values()) == demo["tick"]["open_tickets"] > 0
    assert demo["tick"]["riskiest"][0]["reason"]


def test_a_moment_is_the_same_whenever_it_is_computed(home, demo):
    moment = demo["tick"]["as_of"].replace(" ", "T")
    first = opsguard(home, "tick", "sla", "--as-of", moment, "--json")
    again = opsguard(home, "tick", "sla", "--as-of", moment, "--json")
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert json.loads(first.stdout)["open_tickets"] == demo["tick"]["open_tickets"]


def test_sync_shows_a_new_file_and_what_was_wrong_in_it(home, demo):
    (home / "exports/more.csv").write_text("id,name\nV2,Doors\n")
    (home / "exports/broken.csv").write_text("id;name\nV3;Pumps\n")
    result = opsguard(home, "sync")
    assert result.returncode == 1
    assert "broken.csv" in result.stderr
    assert "delimiter" in result.stderr
    assert "sources: received = new + known already + rejected" in result.stdout
    assert re.search(r"vendors +1 +1 +0 +0", result.stdout)
    (home / "exports/broken.csv").unlink()
    assert opsguard(home, "sync").returncode == 0


def test_a_sound_installation_is_found_sound(home, demo):
    result = opsguard(home, "doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(result.stdout)}
    assert result.returncode == 0, result.stdout
    assert findings["source exports"]["found"].endswith("files")
    assert "last tick of score_sla_job" in findings


def test_the_doctor_says_what_is_wrong_and_the_remedy(home, tmp_path):
    config = tmp_path / "opsguard.yaml"
    config.write_text("sources:\n  - {name: gone, kind: files, path: nowhere/at/all, feeds: [{table: tickets}]}\n")
    result = opsguard(home, "doctor", "--config", str(config))
    assert result.returncode == 1
    assert "does not exist" in result.stdout + result.stderr
    unreachable = opsguard(home, "doctor", OPSGUARD_DATABASE_URL="postgresql://someone:hunter2@127.0.0.1:1/x")
    assert unreachable.returncode == 1
    assert "OPSGUARD_DATABASE_URL" in unreachable.stderr
    assert "hunter2" not in unreachable.stdout + unreachable.stderr


def test_the_doctor_says_that_an_object_store_cannot_hold_a_lake_yet(home):
    result = opsguard(home, "doctor", "--json", OPSGUARD_LAKE="s3://bucket/lake?secret=hunter2")
    (lake,) = [finding for finding in json.loads(result.stdout) if finding["what"] == "lake"]
    assert result.returncode == 1
    assert "object store" in lake["found"]
    assert "OPSGUARD_LAKE" in lake["remedy"]
    refused = opsguard(home, "sync", OPSGUARD_LAKE="s3://bucket/lake")
    assert refused.returncode == 1
    assert "object store" in refused.stderr
    assert "hunter2" not in result.stdout + result.stderr


def test_the_doctor_names_a_home_that_cannot_be_made_and_a_configuration_without_sources(home, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "opsguard.yaml").write_text("sources: []\n")
    blocked = opsguard(tmp_path / "file" / "home", "doctor", "--config", str(tmp_path / "opsguard.yaml"))
    assert blocked.returncode == 1
    assert "cannot be made" in blocked.stdout
    assert "Traceback" not in blocked.stderr
    assert "names no sources" in blocked.stdout


def test_tables_print_the_contract(home):
    listed = json.loads(opsguard(home, "tables", "--json").stdout)
    assert [row["table"] for row in listed] == list(TABLES)
    tickets = json.loads(opsguard(home, "tables", "tickets", "--json").stdout)
    assert [column["column"] for column in tickets["columns"]] == list(TABLES["tickets"].columns)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["tables", "ticket"], 2, "did you mean tickets"),
        (["stauts"], 2, "Did you mean status?"),
        (["alerts", "lst"], 2, "Did you mean 'list'?"),
        (["sync", "--confg", "x"], 2, "Did you mean --config?"),
        (["train", "sla_breech"], 2, "Did you mean sla_breach?"),
        (["tick", "device"], 2, "Did you mean devices?"),
        (["alerts", "show", "one"], 2, "write a whole number"),
        (["tick", "sla", "--as-of", "2026-01-01T10:00"], 2, "has no offset"),
        (["nonsense"], 2, "No such command"),
        (["sync", "--config", "nowhere.yaml"], 1, "does not exist"),
    ],
)
def test_errors_are_one_paragraph_and_a_code(home, arguments, code, message):
    result = opsguard(home, *arguments)
    assert result.returncode == code
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_the_version_is_told(home):
    result = opsguard(home, "--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.match(r"OpsGuard \d+\.\d+", result.stdout)


def test_the_status_of_a_demo_fits_one_screen_and_answers_the_first_questions(home, demo):
    told = json.loads(opsguard(home, "status", "--json").stdout)
    jobs = {job["job"]: job for job in told["jobs"]}
    assert jobs["score_sla_job"]["rows"] == demo["tick"]["open_tickets"]
    assert {alert["monitor"] for alert in told["alerts"]} >= {"sla"}
    assert all(source["newest_row_at"] and source["received"] for source in told["sources"])
    shown = opsguard(home, "status")
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) < 80


def test_debug_shows_the_traceback(home):
    assert "Traceback" in opsguard(home, "--debug", "sync", "--config", "nowhere.yaml").stderr


@pytest.mark.parametrize("command", [[], ["demo"], ["sync"], ["tick"], ["tables"], ["doctor"], ["up"]])
def test_help_teaches_without_touching_anything(tmp_path, command):
    result = opsguard(tmp_path / "untouched", *command, "--help")
    assert result.returncode == 0
    assert "Usage: opsguard" in result.stdout
    assert not (tmp_path / "untouched").exists()


def test_up_opens_both_pages_and_stops_everything_that_it_started(home, demo):
    log = home / "up.log"
    own = {"OPSGUARD_HOME": str(home), "OPSGUARD_CONFIG": str(home / "opsguard.yaml")}
    with log.open("w") as out:
        command = [OPSGUARD, "up", "--dagster-port", "0", "--mlflow-port", "0"]
        process = subprocess.Popen(command, env={**os.environ, **own}, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 240
        while "Ctrl-C" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        addresses = re.findall(r"http://\S+", log.read_text())
        query = json.dumps({"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"})
        request = urllib.request.Request(
            f"{addresses[0]}/graphql", query.encode(), {"Content-Type": "application/json"}
        )
        assert "__repository__" in urllib.request.urlopen(request, timeout=30).read().decode()
        assert urllib.request.urlopen(f"{addresses[1]}/health", timeout=30).read() == b"OK"
        started = children_of(process.pid)
        assert len(started) >= 4
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert process.returncode == 0
    assert not [pid for pid in started if alive(pid)]
    assert opsguard(home, "doctor").returncode == 0


def children_of(parent):
    """All processes below one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found.append((int(entry.name), int(status[1])))
    below, queue = [], [parent]
    while queue:
        current = queue.pop()
        children = [pid for pid, above in found if above == current]
        below += children
        queue += children
    return below


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
