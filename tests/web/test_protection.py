"""Who may ask, how much and how often; and that no answer lets a page do more than it should."""

import socket
import time
from html.parser import HTMLParser

import httpx
import pytest

from opsguard_assets.web.app import LARGEST_BODY
from opsguard_assets.web.safety import HEADERS, RateLimit

POLICY = dict(HEADERS)[b"content-security-policy"].decode()


@pytest.fixture
def link(site):
    number, _ = site.incident("Lift")
    return site.link(f"incident/{number}")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:1"},
    ],
    ids=str,
)
def test_pages_of_other_sites_cannot_press_the_button(site, link, headers):
    assert site.asked.post(f"{link}/acknowledge", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},  # as browsers send it: our pages hide their address
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "ops.example.org", "Origin": "https://ops.example.org"},
        {},
    ],
    ids=str,
)
def test_our_own_page_presses_it(site, link, headers):
    assert site.asked.post(f"{link}/acknowledge", headers=headers).status_code == 303


def test_a_link_in_a_page_of_webmail_opens(site, link):
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert site.asked.get(link, headers=followed).status_code == 200
    framed = {**followed, "Sec-Fetch-Dest": "iframe"}
    assert site.asked.get(link, headers=framed).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "ops.example.org.evil", ""])
def test_a_name_that_is_not_ours_is_refused(site, link, host):
    assert site.asked.get(link, headers={"Host": host}).status_code in {400, 403}


def test_every_answer_keeps_the_page_to_itself(site, link):
    asked = site.asked
    answers = [
        asked.get(link), asked.get("/a/forged"), asked.get("/nowhere"), asked.get("/"), asked.get("/style.css"),
        asked.post(f"{link}/acknowledge"), asked.get(link, headers={"Host": "evil.example"}),
        asked.post(link), asked.get("/health"),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 410, 404, 200, 200, 303, 403, 405, 200]
    for answer in answers:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get_list("x-frame-options") == ["DENY"]
        assert "set-cookie" not in answer.headers
    assert {answer.headers["cache-control"] for answer in answers if answer.url.path != "/style.css"} == {"no-store"}
    assert "script-src" not in POLICY


class Loads(HTMLParser):
    """What a page loads, leads to or runs."""

    def __init__(self, page):
        super().__init__()
        self.places, self.running = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.running += [tag] if tag in {"script", "iframe", "object", "embed", "base", "style"} else []
        self.running += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.places += [value for name, value in attrs if name in {"src", "href", "action", "srcset", "data"}]


def test_pages_name_nothing_of_elsewhere_and_run_nothing(site, link):
    for path in (link, "/", "/a/forged"):
        loads = Loads(site.asked.get(path).text)
        assert loads.running == []
        assert loads.places
        assert [place for place in loads.places if place != "#main" and not place.startswith(("/a/", "/style"))] == []
    assert not {"url(", "@import"} & set(site.asked.get("/style.css").text.split())


def test_a_body_that_is_too_large_is_refused_before_anything_is_done(site, link):
    large = b"verdict=" + b"x" * LARGEST_BODY
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    def parts():
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    for path in ("feedback", "acknowledge"):
        assert site.asked.post(f"{link}/{path}", content=large, headers=kind).status_code == 413
    assert site.asked.post(f"{link}/acknowledge", content=parts(), headers=kind).status_code == 413
    # The parser of forms gives up earlier: one field is too large.
    assert site.asked.post(f"{link}/feedback", content=parts(), headers=kind).status_code == 400
    assert "Acknowledge: I have it" in site.asked.get(link).text
    assert "a page failed" not in site.log.read_text()


def test_files_and_many_fields_are_not_taken(site, link):
    assert site.asked.post(f"{link}/feedback", files={"verdict": b"x" * 1000}).status_code == 400
    many = {f"field{number}": "x" for number in range(50)}
    assert site.asked.post(f"{link}/feedback", data=many).status_code == 400
    assert (
        site.asked.post(f"{link}/feedback", content=b"\xff\x00{", headers={"Content-Type": "text/plain"}).status_code
        == 400
    )


@pytest.mark.parametrize("path", ["/a/..%2f..%2fetc%2fpasswd", "/a/%00", "/a/" + "x" * 4_000, "/a/%ff%fe", "/a/ü"])
def test_strange_addresses_are_links_that_do_not_work(site, path):
    assert site.asked.get(path).status_code in {404, 410}


def test_no_token_is_printed(site, link):
    site.asked.get(link, headers={"Host": "evil.example"})
    site.asked.post(f"{link}/acknowledge", headers={"Origin": "https://evil.example"})
    site.asked.get(f"{link}/acknowledge")
    printed = site.log.read_text()
    assert "refused" in printed
    assert link.removeprefix("/a/") not in printed


def test_health_says_whether_the_database_answers(site):
    answer = site.asked.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_an_address_that_asks_too_often_waits_and_others_do_not():
    clock = [0.0]
    limit = RateLimit(None, 60, lambda: clock[0])
    assert [limit.taken("a") for _ in range(15)] == [0.0] * 15
    assert limit.taken("a") == 1.0
    assert limit.taken("b") == 0.0
    clock[0] = 1.5
    assert limit.taken("a") == 0.0
    assert limit.taken("a") == pytest.approx(0.5)


def test_addresses_that_are_remembered_are_bounded():
    limit = RateLimit(None, 60, time.monotonic)
    for number in range(10_050):
        limit.taken(str(number))
    assert len(limit._buckets) == 10_000


def test_a_slow_form_is_given_up(site, link):
    host = site.url.removeprefix("http://")
    address, port = host.split(":")
    with socket.create_connection((address, int(port)), timeout=30) as connection:
        head = f"POST {link}/feedback HTTP/1.1\r\nHost: {host}\r\nContent-Length: 20\r\n"
        connection.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nverdict=".encode())
        begun = time.monotonic()
        assert b" 408 " in connection.recv(4096)
        assert time.monotonic() - begun < 20
    assert httpx.get(f"{site.url}/health").status_code == 200
