"""Who may speak to a server on this machine: its own pages and programs, not the other pages of the same browser.

Here: an ASGI application around another one that looks at Host, Origin, Sec-Fetch-* and content. Not here: what is
served (`serving`).

A browser sends requests to 127.0.0.1 for any page that asks, and a name that resolves to 127.0.0.1 makes any page one
of this server. Dagster and MLflow have no login, and Dagster executes mutations that come by GET.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

NAMES = ("127.0.0.1", "localhost", "::1")
_GRAPHQL = "/graphql"
_READING = ("GET", "HEAD")
_OWN = ("same-origin", "none")
_JSON = "application/json"
_LARGEST_QUERY = 16_000_000
_FRAMES = (b"x-frame-options", b"SAMEORIGIN")
_log = logging.getLogger("opsguard.guard")


class RefusedError(Exception):
    """A request that is not passed on; the message says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Guard:
    """Passes on what pages of this server and programs of this machine ask for, and refuses everything else.

    Attributes:
        app: What is guarded.
        names: Host names by which this server may be called, with any port: tunnels change it.
        is_dagster: Whether writing takes JSON, and GraphQL by GET takes queries only. MLflow's clients upload files.
        has_secret_links: Whether addresses of pages are secrets: they are not logged, and as these pages send no
            referrer, browsers call the origin of their own forms `null` (Fetch, "append a request Origin header").
    """

    app: App
    names: Iterable[str] = field(default=NAMES)
    is_dagster: bool = False
    has_secret_links: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            self._check_sender(scope)
            if self.is_dagster and scope["type"] == "http":
                receive = await _check_content(scope, receive)
        except RefusedError as refused:
            path = "a page" if self.has_secret_links else scope["path"]
            _log.warning("%s %s refused: %s", scope.get("method", "WEBSOCKET"), path, refused)
            await _refuse(scope, send, refused)
            return
        await self.app(scope, receive, _with_frames(send) if scope["type"] == "http" else send)

    def _check_sender(self, scope: Scope) -> None:
        headers = _headers(scope)
        host = _one(headers, "host")
        if host is None or _name_of(host) not in self.names:
            raise RefusedError(403, f"this server is not called {host!r}; open it by 127.0.0.1 or localhost")
        origin, site = _one(headers, "origin"), _one(headers, "sec-fetch-site")
        own = (f"http://{host}".lower(), f"https://{host}".lower())
        is_hidden = self.has_secret_links and origin == "null" and site in (None, "same-origin")
        if origin is not None and origin.lower() not in own and not is_hidden:
            raise RefusedError(403, f"pages of {origin} may not ask this server")
        if site is not None and site not in _OWN and not _is_followed_link(scope, headers):
            raise RefusedError(403, "pages of other sites may link to this server, and not ask it")


def _is_followed_link(scope: Scope, headers: Mapping[str, list[str]]) -> bool:
    """Whether a person followed a link to a page: the browser shows it, and the page with the link learns nothing."""
    return (
        scope["type"] == "http"
        and scope["method"] in _READING
        and _path(scope) != _GRAPHQL
        and _one(headers, "sec-fetch-mode") == "navigate"
        and _one(headers, "sec-fetch-dest") == "document"
    )


async def _check_content(scope: Scope, receive: Receive) -> Receive:
    """Refuses writing that a page can do without asking; returns what yields the body that was read."""
    headers = _headers(scope)
    if scope["method"] in _READING:
        # Who accepts HTML gets Dagster's page for writing queries, and nothing is executed.
        if _path(scope) == _GRAPHQL and "text/html" not in (_one(headers, "accept") or ""):
            _check_query(scope)
        return receive
    kind = (_one(headers, "content-type") or "").partition(";")[0].strip().lower()
    # Forms and other requests that a browser sends without asking first (CORS) cannot have this type.
    if kind != _JSON:
        raise RefusedError(415, f"writing takes Content-Type {_JSON}, this is {kind or 'without any'}")
    if _path(scope) != _GRAPHQL:
        return receive
    body = await _read(receive)
    try:
        document = json.loads(body)
    except ValueError:
        raise RefusedError(400, "the body is not valid JSON") from None
    if not isinstance(document, dict):
        raise RefusedError(400, "one operation per request, as a JSON object")
    return _replay(body, receive)


def _check_query(scope: Scope) -> None:
    """GraphQL by GET: one document, of queries alone."""
    from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse  # noqa: PLC0415 - of Dagster alone

    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    documents = asked.get("query", [])
    if len(documents) != 1:
        raise RefusedError(400, "GraphQL by GET takes one query")
    try:
        parsed = parse(documents[0])
    except (GraphQLError, RecursionError):
        raise RefusedError(400, "the query is not valid GraphQL") from None
    for part in parsed.definitions:
        if isinstance(part, OperationDefinitionNode) and part.operation != OperationType.QUERY:
            raise RefusedError(405, f"a {part.operation.value} goes by POST with Content-Type {_JSON}")


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the body broke off")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _LARGEST_QUERY:
            raise RefusedError(413, f"a query of more than {_LARGEST_QUERY:,} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _with_frames(send: Send) -> Send:
    """No page of another site shows this server in a frame, where clicks could be led astray."""

    async def framed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            if not any(name.lower() == _FRAMES[0] for name, _ in headers):
                message = {**message, "headers": [*headers, _FRAMES]}
        await send(message)

    return framed


async def _refuse(scope: Scope, send: Send, refused: RefusedError) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": str(refused)[:100]})
        return
    body = f"Refused: {refused}.\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())
    return found


def _one(headers: Mapping[str, list[str]], name: str) -> str | None:
    """The only value of a header; said twice, it could mean one thing here and another one behind."""
    values = headers.get(name, [])
    if len(values) > 1:
        raise RefusedError(400, f"the header {name} is there {len(values)} times")
    return values[0] if values else None


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _path(scope: Scope) -> str:
    return "/" + str(scope["path"]).strip("/").lower()
