"""Pages of other sites do not steer Dagster, by no way that a browser knows; its own pages and programs do."""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from resources.ports import take_port
from resources.servers import Servers, ServerSpec
from tests.long import long
from tests.resources.processes import ROOT, wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = "http://127.0.0.2:8099"
JSON = "application/json"
SCHEDULES = '{schedulesOrError(repositorySelector:{repositoryName:"__repository__",repositoryLocationName:"opsguard"})\
{...on Schedules{results{name scheduleState{id status}}}}}'
pytestmark = pytest.mark.timeout(300)


@dataclass
class Dagster:
    """A served Dagster."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, body: bytes | None = None, method: str | None = None, **headers: str) -> tuple[int, str]:
        """Status and text of an answer; names of headers have underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=named, method=method)
        if body is not None and "Content-Type" not in named:
            request.add_unredirected_header("Content-type", "")  # urllib would say that it is a form
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def graphql(self, query: str, **headers: str) -> tuple[int, dict]:
        status, text = self.ask("/graphql", json.dumps({"query": query}).encode(), Content_Type=JSON, **headers)
        return status, json.loads(text) if status == 200 else {"refused": text}

    def schedule(self) -> dict:
        return self.graphql(SCHEDULES)[1]["data"]["schedulesOrError"]["results"][0]["scheduleState"]

    def stopping(self) -> str:
        return f'mutation{{stopRunningSchedule(id:"{self.schedule()["id"]}"){{__typename}}}}'

    def starting(self) -> str:
        selector = 'repositoryName:"__repository__",repositoryLocationName:"opsguard",scheduleName:"new_year"'
        return f"mutation{{startSchedule(scheduleSelector:{{{selector}}}){{__typename}}}}"


@pytest.fixture(scope="module")
def dagster(tmp_path_factory):
    home = tmp_path_factory.mktemp("d")
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    serve = [sys.executable, "-m", "resources.serving"]
    socket = ["--socket", str(home / "code.sock")]
    variables = {"DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)}
    with take_port(0) as port, Servers(home / "logs", variables) as servers:
        servers.start(ServerSpec("code", [*serve, "code", *socket, "--module", "tests.resources.steered"]))
        served = Dagster(port.number)
        command = [*serve, "web", *socket, "--fd", str(port.listener.fileno())]
        servers.start(ServerSpec("web", command, f"{served.url}/server_info", port.listener))
        servers.wait_until_ready(timeout_seconds=200, waiting=lambda _: None)
        yield served


@pytest.fixture
def running(dagster):
    """Dagster with its schedule running, before and after."""
    assert dagster.schedule()["status"] == "RUNNING"
    yield dagster
    assert dagster.schedule()["status"] == "RUNNING"


CROSS = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="a program"),
        pytest.param(CROSS, id="an image"),
        pytest.param({"Accept": "*/*", "Origin": EVIL}, id="a script"),
        pytest.param({"Host": "evil.example"}, id="a name that resolves to this machine"),
    ],
)
@pytest.mark.parametrize("before", ["", "#{\n", ",, ", "query a{__typename} "])
def test_no_mutation_goes_by_get(running, headers, before):
    query = before + running.stopping().replace("mutation", "mutation b")
    status, text = running.ask(f"/graphql?query={quote(query)}&operationName=b", **headers)
    assert status in {403, 405}, text


KINDS = [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain; application/json",
    "text/plain;charset=application/json",
    "application/graphql",
]


@pytest.mark.parametrize("kind", KINDS)
def test_no_mutation_goes_by_a_post_that_a_page_may_send_without_asking(running, kind):
    query = running.stopping()
    body = json.dumps({"query": query}).encode()
    assert running.ask(f"/graphql?query={quote(query)}", body, Content_Type=kind)[0] == 415
    assert running.ask(f"/graphql?query={quote(query)}", query.encode(), Content_Type=kind)[0] == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[::1"},
    ],
)
def test_who_comes_from_elsewhere_is_refused_even_with_json(running, headers):
    assert running.graphql(running.stopping(), **headers)[0] == 403


@pytest.mark.parametrize("body", [b"[]", b'[{"query":"{version}"}]', b"1", b"null", b"{", b"\xff"])
def test_a_body_is_one_json_object(running, body):
    status, text = running.ask("/graphql", body, Content_Type=JSON)
    assert status == 400
    assert text.startswith("Refused: ")


def test_events_of_assets_are_not_reported_without_json(running):
    assert running.ask("/report_asset_materialization/a", b"", method="POST")[0] == 415


def test_two_queries_in_one_request_could_mean_different_things(running):
    assert running.ask(f"/graphql?query=%7Bversion%7D&query={quote(running.stopping())}")[0] == 400


def test_programs_of_this_machine_and_its_own_pages_do_what_they_want(dagster):
    own = {"Origin": dagster.url, "Sec_Fetch_Site": "same-origin"}
    assert dagster.ask("/graphql?query=%7Bversion%7D")[0] == 200
    assert dagster.graphql(dagster.stopping())[1] == {
        "data": {"stopRunningSchedule": {"__typename": "ScheduleStateResult"}}
    }
    assert dagster.schedule()["status"] == "STOPPED"
    assert dagster.graphql(dagster.starting(), **own)[1] == {
        "data": {"startSchedule": {"__typename": "ScheduleStateResult"}}
    }
    assert dagster.schedule()["status"] == "RUNNING"
    assert dagster.ask("/", Host="localhost:8080", Accept="text/html")[0] == 200


def test_a_link_from_another_site_is_followed_to_a_page_and_into_no_frame(dagster):
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert dagster.ask("/runs", Sec_Fetch_Dest="document", **link)[0] == 200
    assert dagster.ask("/runs", Sec_Fetch_Dest="iframe", **link)[0] == 403
    with urllib.request.urlopen(f"{dagster.url}/") as page:
        assert page.headers["X-Frame-Options"]


def test_live_updates_are_for_its_own_pages(dagster):
    url = f"ws://127.0.0.1:{dagster.port}/graphql"
    with connect(url, origin=dagster.url, subprotocols=["graphql-ws"]) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(timeout=30)) == {"type": "connection_ack"}
    for origin in (EVIL, "null"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(url, origin=origin, subprotocols=["graphql-ws"])


PAGE = """<!doctype html><title>kittens</title><body>
<img src="{dagster}/graphql?query={query}">
<iframe src="{dagster}/graphql?query={query}" name="frame"></iframe>
<form id="form" method="post" target="frame" enctype="text/plain" action="{dagster}/graphql?query={query}"></form>
<script>
const body = JSON.stringify({{query: decodeURIComponent("{query}")}}), url = "{dagster}/graphql";
const told = [];
const ask = (name, options, where) => fetch(where || url, options).then(r => told.push(name + ":" + r.type + r.status),
    e => told.push(name + ":failed"));
form.submit();
const socket = new Promise(done => {{
  const ws = new WebSocket(url.replace("http", "ws"), "graphql-ws");
  ws.onopen = () => {{ told.push("ws:OPEN"); done(); }};
  ws.onerror = () => {{ told.push("ws:refused"); done(); }};
}});
Promise.all([socket, ask("get", {{mode: "no-cors"}}, url + "?query={query}"),
  ask("plain", {{mode: "no-cors", method: "POST", body}}),
  ask("nobody", {{mode: "no-cors", method: "POST"}}, url + "?query={query}"),
  ask("json", {{method: "POST", body, headers: {{"Content-Type": "application/json"}}}}),
]).then(() => fetch("/told?" + told.join(",")));
</script>"""


@long
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the same requests are tried without one above")
def test_a_page_of_another_site_in_a_real_browser_steers_nothing(running, tmp_path):
    result: list[str] = []
    page = PAGE.format(dagster=running.url, query=quote(running.stopping()))

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/told"):
                result.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.2", 0), Evil) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom",
             f"--user-data-dir={tmp_path}", f"http://127.0.0.2:{server.server_port}/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
        try:
            wait_for(lambda: result, seconds=120, pause=0.2)
        finally:
            browser.kill()
            browser.wait()
            server.shutdown()
    assert "ws:refused" in result[0]
    assert "json:failed" in result[0]
    assert "get:" in result[0]
