"""Ctrl-C in the middle of `opsguard sync`, on real processes: it ends soon, loses nothing, and holds no lock."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import pytest

from resources.lake import Lake
from tests.long import long

OPSGUARD = Path(sys.executable).with_name("opsguard")
CONFIG = """sources:
  - name: slow
    kind: rest
    client: {{base_url: "{address}", paginator: single_page}}
    resource: {{endpoint: {{path: vendors, data_selector: data}}}}
    feeds: [{{table: vendors, columns: {{vendor_id: id, name: name}}}}]
  - name: exports
    kind: files
    path: exports
    feeds: [{{table: vendors, columns: {{vendor_id: id, name: name}}}}]
"""


class Slow(http.server.BaseHTTPRequestHandler):
    """Says nothing until it is let go."""

    asked, go_on = threading.Event(), threading.Event()

    def do_GET(self):
        self.asked.set()
        self.go_on.wait(60)
        body = b'{"data": [{"id": "V1", "name": "Lifts"}]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def slow():
    Slow.asked.clear(), Slow.go_on.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    Slow.go_on.set()
    server.shutdown()
    server.server_close()


def sync(folder, database_url):
    own = {"OPSGUARD_HOME": str(folder / "home"), "OPSGUARD_DATABASE_URL": database_url}
    return subprocess.Popen(
        [OPSGUARD, "sync", "--config", "opsguard.yaml"],
        cwd=folder,
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(process):
    """Its code, what it said, and how long it took to end."""
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err, time.monotonic() - started


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "a folder"
    (made / "exports").mkdir(parents=True)
    return made


def test_the_first_ctrl_c_ends_a_sync_that_waits_for_a_server_and_the_next_one_loads_all(folder, database_url, slow):
    (folder / "opsguard.yaml").write_text(CONFIG.format(address=slow))
    (folder / "exports" / "v.csv").write_text("id,name\nV2,Doors\n")
    process = sync(folder, database_url)
    assert Slow.asked.wait(120)
    code, said, seconds = interrupted(process)
    assert (code, seconds < 5) == (130, True), said
    assert "Traceback" not in said
    Slow.go_on.set()
    again = sync(folder, database_url)
    out, err = again.communicate(timeout=300)
    assert again.returncode == 0, out + err
    lake = Lake(str(folder / "home" / "lake"))
    assert lake.exists("raw/slow"), out + err
    assert lake.scan("raw/slow").collect().height == 1


@long
def test_ctrl_c_while_files_are_read_loses_and_doubles_nothing(folder, database_url, slow):
    Slow.go_on.set()
    (folder / "opsguard.yaml").write_text(CONFIG.format(address=slow))
    rows = 200_000
    names = [os.urandom(20).hex() for _ in range(rows)]
    for part in range(4):
        ids = [f"V{part}-{i}" for i in range(rows)]
        pl.DataFrame({"id": ids, "name": names}).write_csv(folder / "exports" / f"{part}.csv")
    process = sync(folder, database_url)
    deadline = time.monotonic() + 120
    spool = folder / "home" / "dlt" / "exports.spool"
    while not spool.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    code, said, seconds = interrupted(process)
    assert (code, seconds < 5) == (130, True), said
    again = sync(folder, database_url)
    out, err = again.communicate(timeout=500)
    assert again.returncode == 0, out + err
    raw = Lake(str(folder / "home" / "lake")).scan("raw/exports").collect()
    assert (raw.height, raw["id"].n_unique()) == (4 * rows, 4 * rows)
