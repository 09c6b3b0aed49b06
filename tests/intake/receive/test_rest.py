"""Pages of a real HTTP server, through dlt's REST source."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlparse

import pytest

from opsguard_assets.config.sources import RestSource
from opsguard_assets.intake.raw.received import SourceError
from tests.intake.receive.inboxes import FEED, Mailbox


class Helpdesk(BaseHTTPRequestHandler):
    """Two tickets per page; `since` leaves older ones out; only who knows the token is answered."""

    tickets: ClassVar[list[dict]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        query = parse_qs(urlparse(self.path).query)
        if self.headers["Authorization"] != "Bearer s3cret":
            self.send_error(401)
            return
        since, page = query.get("since", [""])[0], int(query.get("page", ["1"])[0])
        found = [ticket for ticket in self.tickets if ticket["updated"] >= since]
        body = json.dumps({"data": found[2 * page - 2 : 2 * page], "pages": -(-len(found) // 2)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def helpdesk():
    Helpdesk.tickets, Helpdesk.asked = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Helpdesk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def source(address, token="s3cret"):
    return RestSource.model_validate(
        {
            "name": "tickets_api",
            "kind": "rest",
            "token": token,
            "client": {
                "base_url": address,
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "pages"},
            },
            "resource": {
                "endpoint": {
                    "path": "tickets",
                    "data_selector": "data",
                    "params": {"since": {"type": "incremental", "cursor_path": "updated", "initial_value": "2025"}},
                }
            },
            "feeds": [FEED],
        }
    )


def ticket(number, hour):
    return {"id": number, "updated": f"2025-01-01T{hour:02}:00:00Z", "tags": ["a"], "cost": 1.5}


def test_all_pages_arrive_and_the_next_load_asks_since_the_last(tmp_path, helpdesk):
    mailbox = Mailbox(tmp_path)
    Helpdesk.tickets = [ticket(f"T{i}", i) for i in range(5)]
    assert mailbox.receive(source(helpdesk)).rows == 5
    Helpdesk.asked.clear()
    Helpdesk.tickets.append({**ticket("T9", 9), "colour": "red"})
    received = mailbox.receive(source(helpdesk))
    assert "since=2025-01-01T04" in Helpdesk.asked[0]
    assert [change.column for change in received.drift] == ["colour"]
    raw = mailbox.raw("tickets_api")
    assert set(raw["id"]) == {"T0", "T1", "T2", "T3", "T4", "T9"}
    assert raw["tags"][0] == '["a"]'


def test_a_refused_token_is_said_and_not_shown(tmp_path, helpdesk):
    with pytest.raises(SourceError, match="HTTP 401") as error:
        Mailbox(tmp_path).receive(source(helpdesk, token="wr0ng"))
    assert "wr0ng" not in str(error.value)


def test_a_server_that_gives_nothing_gives_no_complete_list(tmp_path, helpdesk):
    mailbox = Mailbox(tmp_path)
    given = source(helpdesk).model_dump(by_alias=True) | {"token": "s3cret", "feeds": [{**FEED, "snapshot": True}]}
    del given["resource"]["endpoint"]["params"]
    lists = RestSource.model_validate(given)
    Helpdesk.tickets = [ticket("T1", 1)]
    assert mailbox.receive(lists).rows == 1
    Helpdesk.tickets = []
    with pytest.raises(SourceError, match="the server gave no record"):
        mailbox.receive(lists)
