"""The command as a new user runs it, on a small simulated provider and an embedded database.

What a process of its own adds nothing to, words and codes, runs in this one.
"""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsguard_assets.cli import app, run
from opsguard_assets.tables.registry import TABLES
from resources.postgres import start_embedded, stop_embedded
from tests.long import long
from tests.resources.embedded import QUICK

OPSGUARD = Path(sys.executable).parent / "opsguard"
CONFIG = """
sources:
  - name: twin
    kind: simulator
    folder: ${OPSGUARD_HOME}/simulated
    settings: {seed: 5, starts_at: BEGIN, sites: 2, devices_per_site: 1, agents: 12, tickets_per_day: 12}
  - name: exports
    kind: files
    path: ${OPSGUARD_HOME}/exports
    max_rejected_share: 0.5
    feeds:
      - table: vendors
        columns: {vendor_id: id, name: name}
""".replace("BEGIN", f"{datetime.now(UTC) - timedelta(days=40):%Y-%m-%dT00:00:00Z}")
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a source, whose database runs meanwhile; the first command finds nothing else in it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "opsguard.yaml").write_text(CONFIG)
    (folder / "exports.yaml").write_text("sources:\n" + CONFIG[CONFIG.index("  - name: exports") :])
    (folder / "exports").mkdir()
    (folder / "exports/vendors.csv").write_text("id,name\nV1,Lifts\n,Nobody\n")
    start_embedded(folder / "postgres", settings=QUICK)
    yield folder
    stop_embedded(folder / "postgres")


def variables_of(home, **further):
    own = {"OPSGUARD_HOME": str(home), "OPSGUARD_CONFIG": str(home / "opsguard.yaml"), "COLUMNS": "200"}
    return {**os.environ, **own, **further}


def opsguard(home, *arguments, **variables):
    """Runs the command as a process; its result."""
    return subprocess.run(
        [OPSGUARD, *arguments], env=variables_of(home, **variables), capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def here(home):
    """Makes a runner of the command in this process: its code, standard output and standard error."""

    def call(*arguments, home=home, **variables):
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in variables_of(home, **variables).items():
                patch.setenv(name, value)
            code = run(lambda: app([*arguments], standalone_mode=False, prog_name="opsguard"))
        return code, out.getvalue(), err.getvalue()

    return call


@pytest.fixture(scope="module")
def demo(here):
    """What `opsguard demo` told, the only time that it ran."""
    code, out, err = here("demo", "--json")
    assert code == 0, err
    return json.loads(out)


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
    assert {row["mode"] for row in demo["playbooks"]} == {"shadow"}
    assert all(row["what it would do"] for row in demo["playbooks"])
    # Forty days of two sites are enough for a model of tickets; the gate says whether it scores.
    (of_tickets,) = [row for row in demo["models"] if row["problem"] == "sla_breach"]
    assert "gate" in of_tickets["why"]


def test_a_moment_is_the_same_whenever_it_is_computed(here, demo):
    moment = demo["tick"]["as_of"].replace(" ", "T")
    code, again, words = here("tick", "sla", "--as-of", moment, "--json")
    assert code == 0, words
    again = json.loads(again)
    assert (again.pop("tick"), bool(again["riskiest"])) == ("sla", True)
    assert again == {name: demo["tick"][name] for name in again}


def test_sync_shows_a_new_file_and_what_was_wrong_in_it(here, home, demo):
    (home / "exports/more.csv").write_text("id,name\nV2,Doors\n")
    broken = home / "exports/broken.csv"
    broken.write_text("id;name\nV3;Pumps\n")
    code, out, err = here("sync", OPSGUARD_CONFIG=str(home / "exports.yaml"))
    broken.unlink()
    assert code == 1
    assert "broken.csv" in err
    assert "delimiter" in err
    assert re.search(r"exports: received = new \+ known already \+ rejected", out)
    assert re.search(r"vendors +1 +1 +0 +0", out)
    assert here("sync", OPSGUARD_CONFIG=str(home / "exports.yaml"))[0] == 0


@long
def test_sync_goes_on_with_all_sources(home, demo):
    result = opsguard(home, "sync")
    assert result.returncode == 0, result.stderr
    # The provider has something new by now.
    assert re.search(r"tickets +[1-9]", result.stdout)


def test_a_sound_installation_is_found_sound(here, demo):
    code, out, _ = here("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(out)}
    assert code == 0, out
    assert findings["source exports"]["found"].endswith("files")
    assert "last tick of score_sla_job" in findings


def test_the_doctor_says_what_is_wrong_and_the_remedy(here, tmp_path):
    config = tmp_path / "opsguard.yaml"
    config.write_text("sources:\n  - {name: gone, kind: files, path: nowhere/at/all, feeds: [{table: tickets}]}\n")
    code, out, err = here("doctor", "--config", str(config))
    assert code == 1
    assert "does not exist" in out + err
    code, out, err = here("doctor", OPSGUARD_DATABASE_URL="postgresql://someone:hunter2@127.0.0.1:1/x")
    assert code == 1
    assert "OPSGUARD_DATABASE_URL" in err
    assert "hunter2" not in out + err


def test_the_doctor_says_that_an_object_store_cannot_hold_a_lake_yet(here):
    code, told, words = here("doctor", "--json", OPSGUARD_LAKE="s3://bucket/lake?secret=hunter2")
    (lake,) = [finding for finding in json.loads(told) if finding["what"] == "lake"]
    assert code == 1
    assert "object store" in lake["found"]
    assert "OPSGUARD_LAKE" in lake["remedy"]
    code, _, refusal = here("sync", OPSGUARD_LAKE="s3://bucket/lake")
    assert code == 1
    assert "object store" in refusal
    assert "hunter2" not in told + words


def test_the_doctor_names_a_home_that_cannot_be_made_and_a_configuration_without_sources(here, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "opsguard.yaml").write_text("sources: []\n")
    code, out, err = here("doctor", "--config", str(tmp_path / "opsguard.yaml"), home=tmp_path / "file" / "home")
    assert code == 1
    assert "cannot be created" in out
    assert "Traceback" not in err
    assert "names no sources" in out


def test_tables_print_the_contract(here):
    listed = json.loads(here("tables", "--json")[1])
    assert [row["table"] for row in listed] == list(TABLES)
    tickets = json.loads(here("tables", "tickets", "--json")[1])
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
        (["tick", "sla", "--as-of", "2026-01-01T25:00"], 2, "not a valid timestamp"),
        (["nonsense"], 2, "No such command"),
        (["sync", "--config", "nowhere.yaml"], 1, "does not exist"),
    ],
)
def test_errors_are_one_paragraph_and_a_code(here, arguments, code, message):
    ended, _, err = here(*arguments)
    assert ended == code
    assert message in " ".join(err.split())
    assert "Traceback" not in err


def test_a_process_ends_with_the_code_of_its_error_and_debug_shows_the_traceback(home):
    for arguments, code in ((["stauts"], 2), (["status", "--config", "nowhere.yaml"], 1)):
        result = opsguard(home, *arguments)
        assert result.returncode == code
        assert result.stderr
        assert "Traceback" not in result.stderr
    assert "Traceback" in opsguard(home, "--debug", "status", "--config", "nowhere.yaml").stderr


def test_the_version_is_told(home):
    result = opsguard(home, "--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.match(r"OpsGuard \d+\.\d+", result.stdout)


def test_the_status_of_a_demo_fits_one_screen_and_answers_the_first_questions(here, demo):
    told = json.loads(here("status", "--json")[1])
    jobs = {job["job"]: job for job in told["jobs"]}
    assert jobs["score_sla_job"]["rows"] == demo["tick"]["open_tickets"]
    assert {alert["monitor"] for alert in told["alerts"]} >= {"sla"}
    assert all(source["newest_row_at"] and source["received"] for source in told["sources"])
    code, shown, _ = here("status")
    assert code == 0
    assert len(shown.splitlines()) < 80


@pytest.mark.parametrize("command", [[], ["demo"], ["sync"], ["tick"], ["tables"], ["doctor"], ["up"]])
def test_help_teaches_without_touching_anything(here, tmp_path, command):
    code, out, _ = here(*command, "--help", home=tmp_path / "untouched")
    assert code == 0
    assert "Usage: opsguard" in out
    assert not (tmp_path / "untouched").exists()


def test_up_opens_its_pages_once_and_stops_everything_that_it_started(here, home, demo):
    log = home / "up.log"
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = str(taken.getsockname()[1])
    with log.open("w") as out:
        command = [OPSGUARD, "up", "--dagster-port", port, "--mlflow-port", port, "--web-port", port]
        # Without the provider, whose new records Dagster would load meanwhile.
        variables = variables_of(home, OPSGUARD_CONFIG=str(home / "exports.yaml"))
        process = subprocess.Popen(command, env=variables, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 240
        while "Ctrl-C" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        assert log.read_text().startswith("Starting OpsGuard, Dagster and MLflow …")
        assert f"(port {port} is taken by" in log.read_text()
        pages, dagster, mlflow = re.findall(r"http://\S+", log.read_text())
        query = json.dumps({"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"})
        request = urllib.request.Request(f"{dagster}/graphql", query.encode(), {"Content-Type": "application/json"})
        assert "__repository__" in urllib.request.urlopen(request, timeout=30).read().decode()
        assert urllib.request.urlopen(f"{mlflow}/health", timeout=30).read() == b"OK"
        assert json.load(urllib.request.urlopen(f"{pages}/health", timeout=30)) == {"status": "ok"}
        started = children_of(process.pid)
        assert len(started) >= 5
        second = opsguard(home, "up")
        assert second.returncode == 1
        assert "OpsGuard runs here already" in second.stdout + second.stderr
    finally:
        taken.close()
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert process.returncode == 0
    assert not [pid for pid in started if alive(pid)]
    assert here("doctor")[0] == 0


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
