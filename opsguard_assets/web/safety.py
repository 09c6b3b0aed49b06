"""What holds for every answer and request: headers that keep pages apart, and how much one address may ask.

Here: two ASGI applications around another one. Not here: who may ask at all (`resources.guard`), and the size of bodies
(Starlette's `RequestBodyLimitMiddleware`).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from resources.guard import App, Message, Receive, Scope, Send

_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Nothing is loaded from elsewhere, nothing runs, no frame, forms go to this service alone. The address of a page is a
# secret (the token is in it), so no other page is told it.
_CONTENT_POLICY = b"content-security-policy"
HEADERS = (
    (_CONTENT_POLICY, _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex, nofollow"),
)
_CACHE = b"cache-control"
_MOST_ADDRESSES = 10_000


@dataclass(frozen=True)
class SafeHeaders:
    """Adds `HEADERS` to every answer, also to refusals; what does not say otherwise is kept by nobody.

    An answer that brings a content policy of its own keeps it: a picture needs another one than a page.
    """

    app: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = [(name.lower(), value) for name, value in message.get("headers", [])]
                given = {name for name, _ in sent}
                safe = [(name, value) for name, value in HEADERS if name != _CONTENT_POLICY or name not in given]
                ours = {name for name, _ in safe}
                headers = [(name, value) for name, value in sent if name not in ours]
                if _CACHE not in given:
                    headers.append((_CACHE, b"no-store"))
                message = {**message, "headers": [*headers, *safe]}
            await send(message)

        await self.app(scope, receive, sending if scope["type"] == "http" else send)


@dataclass
class RateLimit:
    """Lets each address ask so often in a minute, and a quarter of that at once; more is refused for a while (429).

    A token bucket per address in memory: the service is one process, and one that starts again forgets nothing that
    matters. At most 10,000 addresses are remembered, those seen last.

    Attributes:
        app: What is protected.
        per_minute: Requests that one address may send in a minute.
        clock: Seconds of a clock that only goes forward.
    """

    app: App
    per_minute: int
    clock: Callable[[], float]
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "http":
            wait = self.taken((scope.get("client") or ("unknown",))[0])
            if wait > 0:
                await _refuse(send, wait)
                return
        await self.app(scope, receive, send)

    def taken(self, address: str) -> float:
        """Takes one request of an address; 0 where it may ask, else the seconds until it may."""
        now, most = self.clock(), max(1.0, self.per_minute / 4)
        left, since = self._buckets.pop(address, (most, now))
        left = min(most, left + (now - since) * self.per_minute / 60)
        may = left >= 1
        # Taken out above and put in again, so the addresses stand in the order in which they were seen.
        self._buckets[address] = (left - 1 if may else left, now)
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return 0.0 if may else (1 - left) * 60 / self.per_minute


async def _refuse(send: Send, wait: float) -> None:
    body = b"Too many requests; try again in a moment.\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(int(wait) + 1).encode()),
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body})
