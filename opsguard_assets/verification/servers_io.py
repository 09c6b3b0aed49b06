"""Receivers on this machine that keep what they are sent, and lose answers on order: SMTP, Slack's Web API, a webhook.

Here: as much of each protocol as the product speaks. Not here: what is sent, and what is concluded from it.

A lost answer: the message is kept, and the connection ends before anything is said. Nobody but the receiver knows then
whether it arrived, which is what makes messages come twice elsewhere.
"""

import json
import socketserver
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.02


@dataclass
class Kept:
    """What was received, and how many answers are to be lost.

    Attributes:
        mails: Message identifiers of mails, in the order of arrival.
        posts: Messages in Slack, by channel.
        calls: Keys of requests to the webhook.
        lose: How many further answers are lost, by receiver: mail, slack, webhook.
    """

    mails: list[str] = field(default_factory=list)
    posts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    lose: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def loses(self, receiver: str) -> bool:
        """Whether this answer is lost; it is counted."""
        with self._lock:
            left = self.lose.get(receiver, 0)
            self.lose[receiver] = max(left - 1, 0)
            return left > 0

    @property
    def keys(self) -> list[str]:
        """The keys of all messages that readers in Slack see, also of those that they see twice."""
        return [post["metadata"]["event_payload"]["key"] for posts in self.posts.values() for post in posts]


class Receivers:
    """Both servers; they run inside the `with` block.

    Attributes:
        kept: What they received.
    """

    def __init__(self) -> None:
        self.kept = Kept()
        given = {"kept": self.kept}
        self._web = ThreadingHTTPServer((_HOST, 0), type("Web", (_Web,), given))
        self._mail = socketserver.ThreadingTCPServer((_HOST, 0), type("Mail", (_Mail,), given))
        self._mail.daemon_threads = True

    def __enter__(self) -> Self:
        for server in (self._web, self._mail):
            threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._web, self._mail):
            server.shutdown()
            server.server_close()

    @property
    def slack_url(self) -> str:
        """The address of Slack's Web API."""
        return f"http://{_HOST}:{self._web.server_address[1]}/api/"

    @property
    def hook_url(self) -> str:
        """The address of the webhook."""
        return f"http://{_HOST}:{self._web.server_address[1]}/hook"

    @property
    def mail_address(self) -> tuple[str, int]:
        """Host and port of the mail server."""
        return _HOST, int(self._mail.server_address[1])


class _Web(BaseHTTPRequestHandler):
    """Slack's Web API below /api/, and a webhook elsewhere."""

    protocol_version = "HTTP/1.1"
    kept: Kept

    def do_POST(self) -> None:
        """Keeps what is posted."""
        kept = self.kept
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if not self.path.startswith("/api/"):
            kept.calls.append(str(self.headers.get("webhook-id")))
            self._answer({}, is_lost=kept.loses("webhook"))
            return
        is_json = "json" in (self.headers.get("Content-Type") or "")
        given = json.loads(body) if is_json else {name: values[0] for name, values in parse_qs(body).items()}
        method = self.path.rpartition("/")[2]
        answer = _slack(kept, method, given)
        self._answer(answer, is_lost=method == "chat.postMessage" and kept.loses("slack"))

    def _answer(self, answer: dict[str, Any], *, is_lost: bool) -> None:
        if is_lost:
            self.close_connection = True
            return
        text = json.dumps(answer).encode()
        with suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _slack(kept: Kept, method: str, given: dict[str, Any]) -> dict[str, Any]:
    """What Slack answers, as far as the product asks."""
    if method == "conversations.open":
        return {"ok": True, "channel": {"id": f"D{given['users'][1:]}"}}
    if method == "chat.postMessage":
        channel = given["channel"]
        channel = f"D{channel[1:]}" if channel.startswith("U") else channel
        posts = kept.posts.setdefault(channel, [])
        number = sum(map(len, kept.posts.values()))
        posts.append({"ts": f"{time.time():.0f}.{number:06d}", "text": given["text"], "metadata": _metadata(given),
                      "thread_ts": given.get("thread_ts")})  # fmt: skip
        return {"ok": True, "channel": channel, "ts": posts[-1]["ts"]}
    if method == "chat.update":
        return {"ok": True, "channel": given["channel"], "ts": given["ts"]}
    if method in {"conversations.history", "conversations.replies"}:
        return {"ok": True, "messages": kept.posts.get(given["channel"], []), "response_metadata": {"next_cursor": ""}}
    return {"ok": False, "error": "unknown_method"}


def _metadata(given: dict[str, Any]) -> dict[str, Any]:
    found = given.get("metadata") or {}
    return json.loads(found) if isinstance(found, str) else dict(found)


class _Mail(socketserver.StreamRequestHandler):
    """A session of SMTP (RFC 5321) without encryption."""

    kept: Kept

    def handle(self) -> None:
        """Answers until the client leaves, or an answer is lost."""
        self._say("220 verify.local")
        while line := self.rfile.readline():
            command = line.decode(errors="replace").strip().upper()
            if command.startswith("EHLO"):
                self._say("250-verify.local\r\n250 SMTPUTF8")
            elif command == "DATA":
                self._say("354 go on")
                mail = message_from_bytes(self._content(), policy=policy.default)
                self.kept.mails.append(str(mail["Message-ID"]))
                if self.kept.loses("mail"):
                    return
                self._say("250 taken")
            elif command == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) and line != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, words: str) -> None:
        with suppress(OSError):
            self.wfile.write(f"{words}\r\n".encode())
