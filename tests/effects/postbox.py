"""A system that keeps whatever it is sent, also twice, as chats and mail do; and an adapter for it.

Where it can be read back (`readable`), doubt is ended by asking; where it cannot, only a person ends it.
"""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import requests

from resources.answers import Answer, Outcome
from tests.resources.served import Served


class Postbox(Served):
    """The system. `orders` says how the next messages are met: ok, cut (kept, but nobody is answered), or a status."""

    path = "/messages"

    def __init__(self):
        self.orders, self.kept, self.requests, self.lock = [], [], 0, threading.Lock()
        super().__init__(_Handler)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        box, message = self.server.owner, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with box.lock:
            box.requests += 1
            order = box.orders.pop(0) if box.orders else "ok"
            if isinstance(order, str):
                box.kept.append(message)
        if order == "cut":
            self.close_connection = True
            return
        self._answer(order if isinstance(order, int) else 200, b"")

    def do_GET(self):
        with self.server.owner.lock:
            self._answer(200, json.dumps(self.server.owner.kept).encode())

    def _answer(self, status, body):
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "600")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


@dataclass(frozen=True)
class PostboxAdapter:
    url: str
    can_tell: bool
    targets: tuple[str, ...] = ("postbox",)

    def may_repeat(self, effect):  # noqa: ARG002 - it never may
        return False

    def send(self, effect):
        try:
            answer = requests.post(self.url, json={"key": effect.idempotency_key, "of": effect.key}, timeout=20)
        except requests.ConnectionError as error:
            is_refused = "refused" in str(error)
            return Answer(Outcome.NOT_REACHED if is_refused else Outcome.UNKNOWN, "no answer")
        asked = answer.headers.get("Retry-After")
        if answer.ok:
            return Answer(Outcome.DONE, "kept")
        return Answer(
            Outcome.NOT_REACHED, f"HTTP {answer.status_code}", timedelta(seconds=int(asked)) if asked else None
        )

    def ask(self, effect):
        assert self.can_tell, "it cannot be read"
        keys = [message["key"] for message in requests.get(self.url, timeout=20).json()]
        return Answer(Outcome.DONE if effect.idempotency_key in keys else Outcome.NOT_REACHED, "read back")
