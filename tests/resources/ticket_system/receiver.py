"""A helpdesk that takes signed requests as docs/escalation.md asks for, misbehaves on order, and keeps what it did."""

import json
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

from resources.ticket_system.signature import is_genuine
from tests.resources.served import Served

SECRET, TOKEN = "s3cr3t-of-both", "t0k3n-of-one"


class Receiver(Served):
    """The helpdesk. `orders` says how the next requests are met; afterwards all goes well.

    ok: as it should be · slow: carried out, answered after the client has given up · cut: carried out, then the
    connection ends without an answer · deaf: the connection ends before anything is carried out · twice: carried out,
    two answers · a number, or (number, headers): that status, nothing is carried out.
    """

    path = "/escalations"

    def __init__(self, *orders, slow_seconds=1.0):
        self.orders, self.slow_seconds = list(orders), slow_seconds
        self.requests, self.applied, self.answers = [], [], {}
        self.priority, self.lock, self.held = "medium", threading.Lock(), threading.Event()
        self.held.set()
        super().__init__(_Handler)

    def __exit__(self, *_):
        self.held.set()
        super().__exit__()

    def take(self, headers, body):
        """The whole of what docs/escalation.md asks a receiver to do: check, compare, act once, remember the answer."""
        with self.lock:
            self.requests.append((dict(headers), body))
            signature = (headers.get("OpsGuard-Timestamp", ""), headers.get("OpsGuard-Signature", ""))
            if not is_genuine(SECRET, signature, body, now=int(time.time())):
                return 401
            wanted, key = json.loads(body), headers["Idempotency-Key"]
            if key not in self.answers:
                matches = wanted["expected"]["priority"] == self.priority
                if matches:
                    self.priority = wanted["change"]["priority"]
                    self.applied.append(wanted["ticket_id"])
                self.answers[key] = 200 if matches else 409
            return self.answers[key]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.owner.lock:
            order = self.server.owner.orders.pop(0) if self.server.owner.orders else "ok"
        if order == "deaf" or not isinstance(order, str):
            self.server.owner.requests.append((dict(self.headers), body))
            self._refuse(order)
            return
        status = self.server.owner.take(self.headers, body)
        self.server.owner.held.wait(60)
        if order == "slow":
            time.sleep(self.server.owner.slow_seconds)
        if order == "cut":
            self._end()
            return
        self._answer(status, {})
        if order == "twice":
            self._answer(500, {})

    def _refuse(self, order):
        if order == "deaf":
            self._end()
        else:
            self._answer(*(order if isinstance(order, tuple) else (order, {})))

    def _answer(self, status, headers):
        with suppress(OSError):
            text = b"said by the receiver"
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    def _end(self):
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        """Quiet."""
