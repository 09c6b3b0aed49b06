"""A real HTTP server that fails, delays, cuts, repeats: what it did is compared with what OpsGuard believes."""

import json
import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from resources.answers import Outcome
from resources.ticket_system.signature import is_genuine, sign
from resources.ticket_system.webhook import WebhookSystem, body_of
from tests.resources.ticket_system.desk import change
from tests.resources.ticket_system.receiver import SECRET, TOKEN, Receiver


def hand_over(receiver, *, was_sent=False, key="k1", **changes):
    given = {"signing_secret": SECRET, "timeout_seconds": 0.3, "backoff_seconds": 0.01, "longest_wait_seconds": 0.5}
    system = WebhookSystem(url=getattr(receiver, "url", receiver), **{**given, **changes})
    return system.apply(change(key, was_sent=was_sent))


def test_a_request_says_everything_and_is_signed():
    with Receiver() as receiver:
        answer = hand_over(receiver, token=TOKEN)
    assert (answer.outcome, answer.words) == (Outcome.DONE, "HTTP 200: said by the receiver")
    ((headers, body),) = receiver.requests
    assert headers["Idempotency-Key"] == "k1"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    document = json.loads(body)
    assert document["change"] == {"priority": "high", "assignee_id": "ada"}
    assert document["expected"] == {
        "priority": "medium", "assignee_id": None, "status": "open", "updated_at": "2026-03-02T09:00:00+00:00",
    }  # fmt: skip
    assert receiver.applied == ["1"]


@pytest.mark.parametrize(
    "orders",
    [["slow"], ["cut"], ["deaf"], [500], [503], [429], [(429, {"Retry-After": "0"})], ["cut", 502, "slow"], ["twice"]],
    ids=str,
)
def test_whatever_goes_wrong_for_a_while_the_change_is_carried_out_once(orders):
    with Receiver(*orders) as receiver:
        answer = hand_over(receiver)
    assert answer.outcome is Outcome.DONE
    assert receiver.applied == ["1"]
    assert len(receiver.requests) == len(orders) + ("twice" not in orders)
    assert {headers["Idempotency-Key"] for headers, _ in receiver.requests} == {"k1"}
    assert len({body for _, body in receiver.requests}) == 1


def test_a_request_that_is_delivered_twice_on_the_way_acts_once():
    with Receiver() as receiver:
        hand_over(receiver)
        ((headers, body),) = receiver.requests
        assert receiver.take(headers, body) == 200
    assert receiver.applied == ["1"]


@pytest.mark.parametrize("status", [409, 412])
def test_a_person_who_was_faster_wins(status):
    with Receiver(status) as receiver:
        assert hand_over(receiver).outcome is Outcome.SUPERSEDED
    assert (len(receiver.requests), receiver.applied) == (1, [])


def test_a_helpdesk_that_compares_finds_the_newer_change():
    with Receiver() as receiver:
        receiver.priority = "critical"
        assert hand_over(receiver).outcome is Outcome.SUPERSEDED
    assert (receiver.priority, receiver.applied) == ("critical", [])


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_refusal_is_final(status):
    with Receiver(status) as receiver:
        answer = hand_over(receiver)
    assert (answer.outcome, len(receiver.requests)) == (Outcome.FAILED, 1)
    assert answer.words.startswith(f"HTTP {status}")


def test_a_redirect_is_not_followed():
    with Receiver() as elsewhere, Receiver((307, {"Location": elsewhere.url})) as receiver:
        answer = hand_over(receiver, token=TOKEN)
    assert answer.outcome is Outcome.FAILED
    assert "redirects are not followed" in answer.words
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("orders", "outcome", "applied"),
    [
        (["cut"] * 4, Outcome.UNKNOWN, ["1"]),
        (["slow"] * 4, Outcome.UNKNOWN, ["1"]),
        (["deaf"] * 4, Outcome.UNKNOWN, []),
        ([500] * 4, Outcome.UNKNOWN, []),
        ([429, 503, 429, 503], Outcome.NOT_REACHED, []),
        (["cut", 409], Outcome.UNKNOWN, ["1"]),
        (["cut", 404], Outcome.UNKNOWN, ["1"]),
        ([503, 409], Outcome.SUPERSEDED, []),
    ],
    ids=str,
)
def test_what_is_not_certain_is_not_said_to_be(orders, outcome, applied):
    with Receiver(*orders) as receiver:
        assert hand_over(receiver).outcome is outcome
    assert receiver.applied == applied
    assert len(receiver.requests) == len(orders)


def test_after_a_run_that_died_only_a_success_is_certain():
    for orders, outcome in (([], Outcome.DONE), ([409], Outcome.UNKNOWN), ([404], Outcome.UNKNOWN)):
        with Receiver(*orders) as receiver:
            assert hand_over(receiver, was_sent=True).outcome is outcome
    assert hand_over("http://127.0.0.1:1/", was_sent=True).outcome is Outcome.UNKNOWN


def test_where_nobody_listens_nothing_has_happened():
    answer = hand_over("http://127.0.0.1:1/")
    assert answer.outcome is Outcome.NOT_REACHED
    assert answer.words == "127.0.0.1 could not be reached (Connection refused)"


def test_a_wait_that_is_asked_for_is_kept():
    for is_date, least in ((False, 1.0), (True, 0.5)):
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        asked = later if is_date else "1"
        with Receiver((429, {"Retry-After": asked})) as receiver:
            began = time.monotonic()
            assert hand_over(receiver, longest_wait_seconds=3).outcome is Outcome.DONE
            assert time.monotonic() - began > least


@pytest.mark.parametrize("asked", ["3600", "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_a_wait_that_is_too_long_is_left_to_the_next_run(asked):
    with Receiver((429, {"Retry-After": asked})) as receiver:
        assert hand_over(receiver).outcome is Outcome.NOT_REACHED
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("asked", ["soon", "-5", "٣", "Fri, 99 Foo"])
def test_a_senseless_wait_is_ignored(asked):
    with Receiver((503, {"Retry-After": asked.encode("utf-8").decode("latin-1")})) as receiver:
        assert hand_over(receiver).outcome is Outcome.DONE


def test_an_answer_that_never_ends_is_not_read_to_its_end():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        system = WebhookSystem(
            url=f"http://127.0.0.1:{listener.getsockname()[1]}/", signing_secret=SECRET, timeout_seconds=0.3
        )

        def babble():
            client, _ = listener.accept()
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                while True:
                    client.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
            except OSError:
                client.close()

        speaker = threading.Thread(target=babble, daemon=True)
        speaker.start()
        answer = system.apply(change())
        speaker.join(10)
    assert answer.outcome is Outcome.DONE
    assert len(answer.words) < 600


def test_no_secret_is_shown_or_logged(caplog):
    caplog.set_level(logging.DEBUG)
    for order in ("ok", 500, 404, "cut"):
        with Receiver(*[order] * 4) as receiver:
            system = WebhookSystem(
                url=receiver.url, signing_secret=SECRET, token=TOKEN, timeout_seconds=0.3, backoff_seconds=0.01
            )
            shown = repr(system) + str(system) + system.apply(change()).words
            assert SECRET not in shown
            assert TOKEN not in shown
    broken = hand_over("http://127.0.0.1:1/", token=f"{TOKEN}\nX: y")
    assert broken.outcome is Outcome.FAILED
    assert TOKEN not in broken.words
    assert SECRET not in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("timestamp", "forged", "body", "genuine"),
    [
        ("1000", None, b"{}", True),
        ("1300", None, b"{}", True),
        ("1301", None, b"{}", False),
        ("699", None, b"{}", False),
        ("1000", None, b"{ }", False),
        ("1000", "v1=00", b"{}", False),
        ("1000", "ä", b"{}", False),
        ("x", None, b"{}", False),
        ("²", None, b"{}", False),
    ],
)
def test_a_signature_holds_for_its_body_and_its_time_only(timestamp, forged, body, genuine):
    at = int(timestamp) if timestamp.isascii() and timestamp.isdigit() else 1000
    signature = forged or sign(SECRET, at, b"{}")
    assert is_genuine(SECRET, (timestamp, signature), body, now=1000) is genuine
    assert not is_genuine("another", (timestamp, signature), body, now=1000)


def test_equal_changes_have_equal_bodies_whatever_run_sends_them():
    assert body_of(change()) == body_of(change(was_sent=True))
