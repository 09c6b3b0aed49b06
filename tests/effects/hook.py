"""A receiver of signed requests (Standard Webhooks) that keeps what it did, with keys or without."""

import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

from resources.ticket_system.signature import standard_headers
from tests.resources.served import Served

SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"


class Hook(Served):
    """The receiver. `orders` says how the next requests are met: ok, cut (done, but nobody is answered), or a status.

    Attributes:
        knows_keys: Whether it does nothing when a `webhook-id` comes twice.
        done: The bodies of what it did.
        requests: Headers and body of everything that arrived.
    """

    path = "/hook"

    def __init__(self, *, knows_keys=False, secret=SECRET):
        self.knows_keys, self.secret = knows_keys, secret
        self.orders, self.done, self.requests, self.lock = [], [], [], threading.Lock()
        self._seen = set()
        super().__init__(_Handler)

    def take(self, headers, body):
        """Checks the signature and acts; the order that was met, or a status."""
        with self.lock:
            self.requests.append((dict(headers), body))
            order = self.orders.pop(0) if self.orders else "ok"
            if not isinstance(order, str):
                return order
            key, at = headers["webhook-id"], int(headers["webhook-timestamp"])
            expected = standard_headers(self.secret, key, at, body)
            if abs(time.time() - at) > 300 or any(headers.get(name) != value for name, value in expected.items()):
                return 401
            if not (self.knows_keys and key in self._seen):
                self.done.append(json.loads(body))
            self._seen.add(key)
            return order


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        order = self.server.owner.take(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
        if order == "cut":
            self.close_connection = True
            return
        with suppress(OSError):
            self.send_response(order if isinstance(order, int) else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_):
        """Quiet."""
