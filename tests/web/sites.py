"""A web service that tests ask over HTTP: a process of its own, or a server in this process; and what is in it."""

import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from sqlalchemy import text

from opsguard_assets.alerts.lifecycle import settle
from opsguard_assets.alerts.queries import alerts as open_alerts
from opsguard_assets.web import tokens
from opsguard_assets.web.app import create_app
from resources.database import Database
from resources.lake import Lake
from tests.alerts.given import MONITOR, finding, frame
from tests.commands.test_alerts import TICKET, record
from tests.views.given import put_incident

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_NUMBERS = itertools.count(1)


@dataclass
class Site:
    """A running service, its stores and what it printed."""

    url: str
    database: Database
    lake: Lake
    log: Path | None = None
    asked: httpx.Client = field(init=False)

    def __post_init__(self):
        self.asked = httpx.Client(base_url=self.url, timeout=30)

    def incident(self, *titles, client="C1", **more):
        """An incident with an alert per title; its number and those of the alerts."""
        group = next(_NUMBERS)
        entities = [f"T{group}-{number}" for number, _ in enumerate(titles or ("Ticket",))]
        found = [
            finding(entity, title=title, client_id=client)
            for entity, title in zip(entities, titles or ("Ticket",), strict=True)
        ]
        # Settling clears what is not found again, and alerts of other tests are to stay.
        monitor = type(MONITOR)(f"tests {group}", MONITOR.alert_types)
        others = [row["entity_id"] for row in open_alerts(self.database, limit=None)]
        settle(self.database, frame(*found, *(finding(each) for each in others)), monitor, datetime.now(UTC))
        rows = {row["entity_id"]: row["alert_id"] for row in open_alerts(self.database, limit=None)}
        numbers = [rows[entity] for entity in entities]
        values = {"group_key": f"g{group}", "client_id": client, "alerts": len(numbers), "unresolved": len(numbers)}
        return put_incident(self.database, numbers, **values, **more), numbers

    def link(self, subject, purposes=tokens.PURPOSES, *, recipient="P1", at=None, lasts=timedelta(days=1)):
        with self.database.begin() as connection:
            at = at or datetime.now(UTC)
            return f"/a/{tokens.issue(connection, purposes, str(subject), recipient, at=at, lasts=lasts)}"

    def rows(self, query, **values):
        with self.database.begin() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]


def furnished(lake):
    """Names of the clients, sites and people that alerts of tests speak of."""
    for client, name in (("C1", "Acme"), ("C2", "Zenith")):
        record(lake, "clients", {"client_id": client, "name": name, "plan": "gold", "timezone": "UTC"}, LONG_AGO)
    site = {"site_id": "S1", "client_id": "C1", "name": "Harbour", "timezone": "Europe/Berlin"}
    record(lake, "sites", site, LONG_AGO)
    person = {"person_id": "P1", "name": "Ada Byron", "home_site_id": "S1", "slack_user_id": "U1"}
    record(lake, "people", person, LONG_AGO)
    record(lake, "people", {"person_id": "P9", "name": "Cy Left", "is_active": False}, LONG_AGO)
    record(lake, "tickets", TICKET | {"ticket_id": "T0", "title": "unused"}, LONG_AGO)


@contextmanager
def site_process(folder, database, settings="", variables=None):
    """A service as a process of its own, in a folder whose name has a space."""
    home = folder / "a home"
    home.mkdir()
    (home / "opsguard.yaml").write_text(settings, encoding="utf-8")
    lake = Lake(str(home / "lake"))
    furnished(lake)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    number = listener.fileno()
    given = {
        "OPSGUARD_HOME": str(home), "OPSGUARD_LAKE": lake.uri, "OPSGUARD_CONFIG": str(home / "opsguard.yaml"),
        "OPSGUARD_DATABASE_URL": database.url.get_secret_value(), **(variables or {}),
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "resources.serving", "pages", "--module", "opsguard_assets.web.program"]
    log = home / "web.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--fd", str(number)], env=os.environ | given, stdin=subprocess.PIPE, stdout=out,
            stderr=subprocess.STDOUT, pass_fds=[number], cwd=Path(__file__).parents[2],
        )  # fmt: skip
        site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", database, lake, log)
        try:
            wait_for(site, process)
            yield site
        finally:
            site.asked.close()
            process.terminate()
            process.wait(20)
            process.stdin.close()
            listener.close()


def wait_for(site, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, site.log.read_text()
        try:
            if httpx.get(f"{site.url}/health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(site.log.read_text())


@contextmanager
def site_here(service):
    """The same application on a real socket, in a thread of this process."""
    server = uvicorn.Server(uvicorn.Config(create_app(service), port=0, log_config=None, lifespan="off"))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", service.database, service.lake)
    try:
        while not server.started:
            time.sleep(0.01)
        yield site
    finally:
        site.asked.close()
        server.should_exit = True
        thread.join(20)
        listener.close()
