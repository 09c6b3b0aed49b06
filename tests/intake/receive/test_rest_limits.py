"""A real HTTP server that answers wrongly, without end, or leads elsewhere: nothing is loaded, and why is said."""

import gzip
import json
import re
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlparse

import pytest
from requests import PreparedRequest

from opsguard_assets.config.sources import RestSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers.rest_pages import fault_of
from opsguard_assets.intake.readers.rest_session import Guard
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.hostile import record
from tests.intake.receive.inboxes import FEED, Mailbox

TOKEN = "s3cret-token"


def bomb(mebibytes):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(mebibytes)) + packer.flush()


def page(*records, **more):
    return json.dumps({"data": [json.loads(text) for text in records], **more}).encode()


class Odd(BaseHTTPRequestHandler):
    """One fault per path."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, dict]]] = []
    other: ClassVar[str] = ""

    def do_GET(self):
        self.asked.append((self.path, dict(self.headers)))
        url = urlparse(self.path)
        getattr(self, url.path.strip("/"))(int(parse_qs(url.query).get("page", ["1"])[0]))

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", "Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    @property
    def here(self):
        return f"http://{self.headers['Host']}"

    def error(self, _page):
        self.answer(b'{"error": {"message": "quota of s3cret-token exceeded"}}')

    def null(self, _page):
        self.answer(b'{"data": null}')

    def text(self, _page):
        self.answer(b'{"data": "none"}')

    def empty(self, _page):
        self.answer(b'{"data": []}')

    def login(self, _page):
        self.answer(b"<html>login as s3cret-token</html>", Content_Type="text/html")

    def refused(self, _page):
        self.answer(b'{"token": "s3cret-token"}', 401)

    def cut(self, _page):
        self.answer(page(record("T1")), Content_Length=5_000)
        self.close_connection = True

    def loop(self, _page):
        self.answer(page(record("T1"), next=f"{self.here}/loop"))

    def forever(self, number):
        self.answer(page(record(f"T{number}"), next=f"{self.here}/forever?page={number + 1}"))

    def packed(self, _page):
        self.answer(bomb(100), Content_Encoding="gzip")

    def small(self, _page):
        self.answer(gzip.compress(page(*[record(f"T{i}") for i in range(2_000)])), Content_Encoding="gzip")

    def do_POST(self):
        self.asked.append((self.path, dict(self.headers)))
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/slow_token":
            self.trickle(b'{"access_token": "s3cret-given"}', headers=True)
        elif self.path == "/token_elsewhere":
            self.answer(b"", 307, Location=f"{self.other}/token")
        else:
            self.answer(b'{"access_token": "s3cret-given", "expires_in": 0}')

    def large(self, _page):
        self.answer(page(record("T1", title="x" * 50_000)))

    def slow(self, _page):
        self.trickle(page(record("T1")), headers=True)

    def slow_headers(self, _page):
        self.trickle(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" * 100, headers=False)

    def trickle(self, body, *, headers):
        if headers:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
        try:
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(0.2)
        except OSError:
            self.close_connection = True

    def silent(self, _page):
        time.sleep(5)
        self.close_connection = True

    def away(self, _page):
        self.answer(b"", 302, Location=f"{self.other}/last")

    def link(self, _page):
        self.answer(page(record("T1"), next=f"{self.other}/last"))

    def local_file(self, _page):
        self.answer(b"", 302, Location="file:///etc/passwd")

    def last(self, _page):
        self.answer(page(record("T2")))

    def circle(self, _page):
        self.answer(b"", 302, Location="/circle")

    def strange(self, _page):
        broken = '{"id": "T9", "title": "\\ud800"}'
        deep = '{"id": "T8", "x": ' + "[" * 50_000 + "]" * 50_000 + "}"
        items = [record("T1"), "1", '"x"', "null", "[1]", broken, deep, record("T3", n=1)[:-1] + ', "m": 1e400}']
        self.answer(f'{{"data": [{", ".join(items)}, {{"id": "T7", "m": {"9" * 5_000}}}]}}'.encode())

    def latin(self, _page):
        self.answer(page(record("T1"), record("T2", title="~")).replace(b"~", b"\xe4"))

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    Odd.asked = []
    servers = [ThreadingHTTPServer((host, 0), Odd) for host in ("127.0.0.1", "127.0.0.2")]
    for each in servers:
        each.daemon_threads = True
        threading.Thread(target=each.serve_forever, daemon=True).start()
    first, Odd.other = (f"http://{s.server_address[0]}:{s.server_port}" for s in servers)
    yield first
    for each in servers:
        each.shutdown()
        each.server_close()


def source(address, path, **more):
    return RestSource.model_validate(
        {
            "name": "api",
            "kind": "rest",
            "token": TOKEN,
            "client": {
                "base_url": address,
                "headers": {"X-Api-Key": "s3cret-key"},
                "paginator": {"type": "json_link", "next_url_path": "next"},
            },
            "resource": {"endpoint": {"path": path, "data_selector": "data"}},
            "feeds": [FEED],
            **more,
        }
    )


@pytest.mark.parametrize(
    ("path", "limits", "message"),
    [
        ("error", {}, "without a list of records: it has no `data`, but `error`"),
        ("null", {}, "`data` is null"),
        ("text", {}, "`data` is a text"),
        ("login", {}, "no JSON but text/html, .* probably a login page"),
        ("refused", {}, r"HTTP 401 Unauthorized"),
        ("loop", {}, "names a page that was read already"),
        ("forever", {"pages": 5}, "gave 5 pages and names another one"),
        ("packed", {}, "unpacks to more than 200 times its size"),
        ("packed", {"ratio": 5_000, "page_bytes": 20_000_000}, "an answer holds more than 20,000,000 bytes"),
        ("large", {"page_bytes": 10_000}, "more than 10,000 bytes"),
        ("forever", {"bytes": 2_000}, "all answers together hold more than 2,000 bytes"),
        ("slow", {"seconds": 1.5}, "took longer than 1.5 seconds"),
        ("slow_headers", {"seconds": 1.5}, "took longer than 1.5 seconds"),
        ("silent", {"seconds": 1.5}, "took longer than 1.5 seconds"),
        ("away", {}, "leads to another one, 127.0.0.2:"),
        ("link", {}, "leads to another one, 127.0.0.2:"),
        ("local_file", {}, "an address that is not of the web"),
        ("circle", {}, "leads in circles"),
    ],
)
def test_a_wrong_or_endless_answer_loads_nothing_and_is_said_without_secrets(tmp_path, server, path, limits, message):
    started = time.monotonic()
    with pytest.raises(SourceError, match=message) as refused:
        Mailbox(tmp_path).receive(source(server, path, limits=limits))
    assert time.monotonic() - started < 5
    assert "s3cret" not in str(refused.value)
    assert not any(path == "/last" for path, _ in Odd.asked)


def test_an_answer_that_is_cut_off_is_said(tmp_path, server):
    with pytest.raises(SourceError, match=r"the answer was cut off|took longer than 3 seconds"):
        Mailbox(tmp_path).receive(source(server, "cut", limits={"seconds": 3}))


def test_an_empty_list_is_nothing_new_and_a_well_packed_answer_is_read(tmp_path, server):
    mailbox = Mailbox(tmp_path)
    assert mailbox.receive(source(server, "empty")).rows == 0
    assert mailbox.receive(source(server, "small")).rows == 2_000


@pytest.mark.parametrize("path", ["away", "link"])
def test_a_server_that_is_allowed_is_asked_without_token_and_headers(tmp_path, server, path):
    place = urlparse(Odd.other).netloc
    mailbox = Mailbox(tmp_path)
    received = mailbox.receive(source(server, path, allowed_hosts=[place]))
    assert received.rows == (1 if path == "away" else 2)
    heard = {name.lower(): value for path, headers in Odd.asked if path == "/last" for name, value in headers.items()}
    assert heard["host"] == place
    assert not {"authorization", "x-api-key", "cookie"} & set(heard)
    assert "s3cret" not in str(heard)


@pytest.mark.parametrize(
    ("base", "target", "allowed", "passes"),
    [
        ("https://a.example/v1", "https://a.example/v1?page=2", (), True),
        ("https://a.example", "https://a.example:443/", (), True),
        ("https://a.example", "https://A.EXAMPLE/", (), True),
        ("http://a.example", "https://a.example/", (), True),
        ("https://a.example", "http://a.example/", (), False),
        ("https://a.example", "http://a.example/", ("a.example",), False),
        ("https://a.example", "https://a.example:8443/", (), False),
        ("https://a.example", "https://a.example.evil/", (), False),
        ("https://a.example", "https://a.example@evil/", (), False),
        ("https://a.example", "https://169.254.169.254/", (), False),
        ("https://a.example", "https://[::1]/", (), False),
        ("https://a.example", "https://b.example/", ("B.example",), True),
        ("https://a.example", "https://b.example:8443/", ("b.example",), False),
        ("https://a.example", "https://b.example:8443/", ("b.example:8443",), True),
        ("https://a.example", "https://c.b.example/", ("b.example",), False),
    ],
)
def test_only_the_source_itself_and_what_is_allowed_is_asked(base, target, allowed, passes):
    guard = Guard(source(base, "x", allowed_hosts=allowed), time.monotonic() + 60)
    request = PreparedRequest()
    request.prepare("GET", target, headers={"Authorization": "Bearer s3cret"})
    if not passes:
        with pytest.raises(SourceError, match="leads"):
            guard.admit(request)
        return
    guard.admit(request)
    assert ("Authorization" in request.headers) == (urlparse(target).hostname == urlparse(base).hostname)


def with_tokens(address, path, tokens, **more):
    result = source(address, path, **more).model_dump(by_alias=True)
    result["client"]["auth"] = {
        "type": "oauth2_client_credentials",
        "access_token_url": tokens,
        "client_id": "me",
        "client_secret": "s3cret-mine",
    }
    return RestSource.model_validate(result | {"token": None})


def test_a_server_of_tokens_is_asked_as_often_as_needed(tmp_path, server):
    pages = with_tokens(server, "forever", f"{Odd.other}/token", limits={"pages": 3})
    with pytest.raises(SourceError, match="gave 3 pages"):
        Mailbox(tmp_path).receive(pages)
    given = [headers.get("Authorization") for path, headers in Odd.asked if path.startswith("/forever")]
    assert given == ["Bearer s3cret-given"] * 3
    assert sum(path == "/token" for path, _ in Odd.asked) == 3


@pytest.mark.parametrize(
    ("tokens", "message"), [("slow_token", "took longer than 1.5 seconds"), ("token_elsewhere", "leads to another one")]
)
def test_a_server_of_tokens_is_bounded_like_any_other(tmp_path, server, tokens, message):
    with pytest.raises(SourceError, match=message) as refused:
        Mailbox(tmp_path).receive(with_tokens(server, "last", f"{server}/{tokens}", limits={"seconds": 1.5}))
    assert "s3cret" not in str(refused.value)


def test_keys_in_the_query_are_not_told_to_another_server():
    result = source("https://a.example", "x", allowed_hosts=["b.example"]).model_dump(by_alias=True)
    result["client"]["auth"] = {"type": "api_key", "name": "key", "api_key": "s3cret", "location": "query"}
    result["resource"]["endpoint"]["params"] = {"token": "s3cret"}
    guard = Guard(RestSource.model_validate(result | {"token": TOKEN}), time.monotonic() + 60)
    request = PreparedRequest()
    request.prepare("GET", "https://b.example/next?page=2&key=s3cret&token=s3cret&empty=")
    guard.admit(request)
    assert request.url == "https://b.example/next?page=2&empty="


def test_what_is_no_record_or_cannot_be_held_is_set_apart_and_the_others_arrive(tmp_path, server):
    mailbox, odd = Mailbox(tmp_path), source(server, "strange")
    received = mailbox.receive(odd)
    assert (received.rows, received.damaged) == (9, 6)
    (load,) = accept(Lake(mailbox.lake_uri), odd, TABLES)
    assert (load.accepted, load.rejected) == (2, 7)
    raw = mailbox.raw("api")
    reasons = " ".join(raw["_damage"].drop_nulls())
    for words in ("no JSON object but null", "but a list", "half a character", "nested deeper than 100 levels"):
        assert words in reasons
    assert set(raw["m"].drop_nulls()) == {"1e400", "9" * 5_000}
    assert mailbox.receive(source(server, "last")).rows == 1


def test_text_that_is_not_utf8_sets_its_record_apart(tmp_path, server):
    received = Mailbox(tmp_path).receive(source(server, "latin"))
    assert (received.rows, received.damaged) == (2, 1)


@pytest.mark.parametrize("base", ["https://u:s3cret@with@host/x", "https://u:s3/cret@host", "s3cret", "https://"])
def test_an_address_that_cannot_be_used_is_not_shown(tmp_path, base):
    with pytest.raises(SourceError, match=r"`client.base_url` cannot be used: the address") as refused:
        Mailbox(tmp_path).receive(source(base, "x"))
    assert "s3" not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "selector", "may_be_absent", "fault"),
    [
        ('[{"id": 1}]', None, False, None),
        ("[]", None, False, None),
        ('{"items": [], "total": 0}', None, False, None),
        ('{"error": "no"}', None, False, "an object, but `error`"),
        ('{"errors": [{"code": 1}]}', None, False, "its only list is `errors`"),
        ("null", None, False, "null"),
        ('{"id": 1}', None, False, "data_selector: \\$"),
        ('{"id": 1}', "$", False, None),
        ('{"a": {"b": []}}', "a.b", False, None),
        ('{"a": {}}', "a.b", False, "it has no `a.b`"),
        ('{"a": {}}', "a.b", True, None),
        ('{"error": 1}', "a", True, "but `error`"),
        ('{"items": []}', "items[*].ticket", False, None),
        ('{"items": [{"ticket": {"id": 1}}]}', "items[*].ticket", False, None),
        ('{"other": []}', "items[*].ticket", False, "it has no"),
        ("[]", "[*]", False, None),
        ('{"data": {"id": 1}}', "data", False, None),
        ('{"data": false}', "data", False, "a truth value"),
    ],
)
def test_an_answer_holds_a_list_of_records_or_says_why_not(body, selector, may_be_absent, fault):
    found = fault_of(json.loads(body), selector, may_be_absent=may_be_absent)
    assert found is None if fault is None else re.search(fault, found)
