"""A server that speaks Slack's Web API over HTTP, misbehaves on order, and keeps what readers would see.

Messages, edits, threads, metadata, history with a lag and pages, direct messages. `orders` says how the next calls of
a method are met; afterwards all goes well.

ok · lost: done, and the connection ends without an answer · deaf: the connection ends before anything is done · half:
done, and the answer breaks off · garbage: done, and something else than JSON is said · slow: done, answered after
`slow_seconds` · fatal: done, `fatal_error` is said · a number: that status, nothing is done · 500 lost: done, and HTTP
500 · (429, seconds): asked to wait · any other text: that error of Slack, nothing is done.
"""

import json
import random
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

from slack_sdk.models.blocks import Block

from tests.resources.served import Served

TOKEN = "xoxb-1-a-token"
FAULTS = ("lost", "deaf", "half", "garbage", "fatal", 500, "500 lost", (429, 1))


class SlackServer(Served):
    """The workspace.

    Attributes:
        orders: How the next calls are met, by method.
        messages: By channel, the messages as they are now.
        connections: How many were opened.
        lag_seconds: A new message is in no history for so long.
        now: Its clock, in seconds since 1970.
        faults: The share of posts and edits that meet a random fault, by `seed`.
    """

    path = "/api/"

    def __init__(self, *posts, lag_seconds=0.0, slow_seconds=1.0, faults=0.0, seed=1, page=1000, now=time.time):
        self.orders = {"chat.postMessage": list(posts)}
        self.lag_seconds, self.slow_seconds, self.faults, self.page = lag_seconds, slow_seconds, faults, page
        self.now = now
        self.messages, self.calls, self.lock = {}, [], threading.Lock()
        self.connections, self.open = 0, []
        self._luck, self._count = random.Random(seed), 0  # noqa: S311 - a test
        super().__init__(_Handler)

    def end_connections(self):
        """Ends connections that rest, as servers do."""
        with self.lock:
            for connection in self.open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.open = []

    def keys(self, channel=None):
        """The keys of all messages that readers see, also of those that they see twice."""
        shown = [m for name, several in self.messages.items() if channel in (None, name) for m in several]
        return [m["metadata"]["event_payload"]["key"] for m in shown]

    def called(self, method):
        return [given for name, given in self.calls if name == method]

    def order_of(self, method):
        with self.lock:
            if self.orders.get(method):
                return self.orders[method].pop(0)
            if method.startswith("chat.") and self._luck.random() < self.faults:
                return self._luck.choice(FAULTS)
        return "ok"

    def answer(self, method, given):
        with self.lock:
            self.calls.append((method, given))
            return getattr(self, f"_{method.replace('.', '_')}")(given)

    def _auth_test(self, _):
        return {"ok": True, "team": "Acme", "user": "opsguard"}

    def _conversations_open(self, given):
        return {"ok": True, "channel": {"id": f"D{given['users'][1:]}"}}

    def _chat_postMessage(self, given):
        refused = _refused(given)
        if refused:
            return {"ok": False, "error": refused}
        channel = given["channel"]
        channel = f"D{channel[1:]}" if channel.startswith("U") else channel
        self._count += 1
        message = {
            "ts": f"{self.now():.0f}.{self._count:06d}", "text": given["text"], "blocks": given.get("blocks") or [],
            "metadata": given.get("metadata") or {}, "thread_ts": given.get("thread_ts"), "at": self.now(), "edits": 0,
        }  # fmt: skip
        self.messages.setdefault(channel, []).append(message)
        return {"ok": True, "channel": channel, "ts": message["ts"]}

    def _chat_update(self, given):
        for message in self.messages.get(given["channel"], []):
            if message["ts"] == given["ts"]:
                message |= {"text": given["text"], "blocks": given["blocks"], "edits": message["edits"] + 1}
                return {"ok": True, "channel": given["channel"], "ts": given["ts"]}
        return {"ok": False, "error": "message_not_found"}

    def _conversations_history(self, given):
        return self._page_of(given, lambda message: message["thread_ts"] is None)

    def _conversations_replies(self, given):
        return self._page_of(given, lambda message: given["ts"] in {message["thread_ts"], message["ts"]})

    def _page_of(self, given, is_wanted):
        seen = [
            message for message in self.messages.get(given["channel"], [])
            if is_wanted(message) and message["at"] + self.lag_seconds <= self.now()
            and message["at"] >= float(given["oldest"])
        ]  # fmt: skip
        begin = int(given.get("cursor") or 0)
        end = begin + min(int(given["limit"]), self.page)
        more = str(end) if end < len(seen) else ""
        shown = [{k: v for k, v in m.items() if k not in {"at", "edits"}} for m in seen[begin:end]]
        if str(given.get("include_all_metadata")).lower() not in {"true", "1"}:
            shown = [{k: v for k, v in m.items() if k != "metadata"} for m in shown]
        return {"ok": True, "messages": shown, "response_metadata": {"next_cursor": more}}


def _refused(given):
    """What Slack refuses by its published limits."""
    blocks = given.get("blocks") or []
    if len(blocks) > 50 or not all(Block.parse(block) for block in blocks):
        return "invalid_blocks"
    for block in blocks:
        Block.parse(block).to_dict()  # raises where a limit is broken
    return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open, as Slack's do
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with self.server.owner.lock:
            self.server.owner.connections += 1
            self.server.owner.open.append(self.connection)

    def handle(self):
        with suppress(ConnectionError):  # a client that was killed
            super().handle()

    def do_POST(self):
        slack, method = self.server.owner, self.path.rpartition("/")[2]
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._say(200, {"ok": False, "error": "invalid_auth"})
            return
        is_json = "json" in self.headers["Content-Type"]
        given = json.loads(body) if is_json else {k: v[0] for k, v in parse_qs(body).items()}
        self._meet(slack, method, given, slack.order_of(method))

    def _meet(self, slack, method, given, order):
        if order == "deaf":
            self._end()
        elif isinstance(order, int):
            self._say(order, {"ok": False, "error": "unexpected"})
        elif isinstance(order, tuple):
            self._say(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(order[1])})
        elif order in {"ok", "lost", "half", "garbage", "slow", "fatal", "500 lost"}:
            self._after(slack, order, slack.answer(method, given))
        else:
            self._say(200, {"ok": False, "error": order})

    def _after(self, slack, order, answer):
        if order == "lost":
            self._end()
        elif order == "garbage":
            self._write(200, b"<html>gateway</html>", {})
        elif order == "half":
            text = json.dumps(answer).encode()
            self._write(200, text[: len(text) // 2], {"Content-Length": str(len(text))})
            self._end()
        elif order == "fatal":
            self._say(200, {"ok": False, "error": "fatal_error"})
        elif order == "500 lost":
            self._say(500, {"ok": False, "error": "internal_error"})
        else:
            if order == "slow":
                time.sleep(slack.slow_seconds)
            self._say(200, answer)

    def _say(self, status, answer, headers=None):
        self._write(status, json.dumps(answer).encode(), headers or {})

    def _write(self, status, text, headers):
        with suppress(OSError):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    def _end(self):
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        """Quiet."""
