"""HTTP for REST sources, bounded: which servers are asked, how long, how much, and that every question is new.

Here: one session per load, whose adapter sees every request, redirects included. Not here: paging and authentication
(dlt), what answers mean (`rest_pages`).
"""

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.requests.session import Session
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from opsguard_assets.config.sources import RestLimits, RestSource
from opsguard_assets.intake.raw.received import SourceError
from resources.addresses import AddressError, parts_of

_CHUNK = 1 << 16
_ANSWER_SECONDS = 60
_LONGEST_PAUSE_SECONDS = 30
# Empty pages and lists of equal records pack without measure; what unpacks to less harms nobody.
_LEAST_RATIO_BYTES = 16 * 1024 * 1024
_PORTS = {"http": 80, "https": 443}
# What a server that is not the source's own may see.
_HARMLESS_HEADERS = {"accept", "accept-encoding", "connection", "content-length", "content-type", "user-agent"}


@dataclass
class Guard:
    """What one load has taken so far, and what it may.

    Attributes:
        source: The source, for messages.
        deadline: When the load must be over, on the monotonic clock.
        is_paged: Whether every question is a new one; a token is asked for again and again.
    """

    source: RestSource
    deadline: float
    is_paged: bool = True
    pages: int = 0
    bytes: int = 0
    _asked: set[str] = field(default_factory=set)
    _sockets: list[socket.socket] = field(default_factory=list)

    @property
    def limits(self) -> RestLimits:
        """What the load may take."""
        return self.source.limits

    @property
    def base(self) -> SplitResult:
        """The address of the source's own server.

        Raises:
            SourceError: When it cannot be used.
        """
        try:
            return parts_of(str(self.source.client.get("base_url", "")))
        except AddressError as error:
            raise self.refusal(f"`client.base_url` cannot be used: {error}") from None

    def refusal(self, words: str) -> SourceError:
        """The error that ends the load."""
        return SourceError(f"Source {self.source.name}: {words}.")

    def admit(self, request: PreparedRequest) -> None:
        """Lets a request pass, without secrets where it goes to another server.

        Raises:
            SourceError: When it goes where nobody allowed it, was asked before, or time or pages are used up.
        """
        self.check_time()
        if self.pages >= self.limits.pages:
            raise self.refusal(
                f"the server gave {self.pages:,} pages and names another one; nothing is loaded. Check `paginator`, or "
                "raise `limits: {pages: …}`"
            )
        url = urlsplit(request.url or "")
        if not self._is_own(url):
            self._check_other(url)
            self._strip(request)
        if self.is_paged and self._mark(request) in self._asked:
            raise self.refusal(
                f"the server names a page that was read already ({url.path or '/'}): reading would never end. Check "
                "`paginator` and its `next_url_path`"
            )

    def answered(self, request: PreparedRequest, response: Response) -> None:
        """Counts an answer; of errors and redirects nothing is remembered, so that they can be asked again."""
        if response.ok and not response.is_redirect:
            self.pages += 1
            self._asked.add(self._mark(request))

    def check_time(self) -> None:
        """Refuses to go on when time is up."""
        if time.monotonic() >= self.deadline:
            raise self.refusal(
                f"the server took longer than {self.limits.seconds:g} seconds; nothing is loaded. Ask it for less at a "
                "time, or raise `limits: {seconds: …}`"
            )

    def check_size(self, size: int, packed: int) -> None:
        """Refuses an answer that grows beyond measure."""
        if size > self.limits.page_bytes:
            raise self.refusal(
                f"an answer holds more than {self.limits.page_bytes:,} bytes; nothing is loaded. Ask for smaller "
                "pages, or raise `limits: {page_bytes: …}`"
            )
        if size > max(packed * self.limits.ratio, _LEAST_RATIO_BYTES):
            raise self.refusal(
                f"an answer unpacks to more than {self.limits.ratio:g} times its size; nothing is loaded. Raise "
                "`limits: {ratio: …}` if that is as it should be"
            )
        if self.bytes + size > self.limits.bytes:
            raise self.refusal(
                f"all answers together hold more than {self.limits.bytes:,} bytes; nothing is loaded. Ask for less, or "
                "raise `limits: {bytes: …}`"
            )

    def watch(self, connection: socket.socket) -> None:
        """A connection that ends when time is up, however slowly it talks."""
        self._sockets.append(connection)

    def hang_up(self) -> None:
        """Ends all connections."""
        for connection in self._sockets:
            with suppress(OSError):  # it has ended itself
                connection.shutdown(socket.SHUT_RDWR)

    def _is_own(self, url: SplitResult) -> bool:
        base = self.base
        if (url.hostname, url.scheme) == (base.hostname, base.scheme):
            return _port(url) == _port(base)
        # The same server, from now on encrypted.
        upgraded = (base.scheme, url.scheme) == ("http", "https") and base.port is None and url.port is None
        return upgraded and url.hostname == base.hostname

    def _check_other(self, url: SplitResult) -> None:
        place = f"{url.hostname}:{_port(url)}" if url.hostname else "an address without a server"
        if url.scheme not in _PORTS or not url.hostname:
            raise self.refusal(f"the server leads to {url.scheme or 'another'}: address, which is not read")
        if (self.base.scheme, url.scheme) == ("https", "http"):
            raise self.refusal(
                f"the server leads from https to http ({place}), where everybody could read along. Correct it there"
            )
        allowed = {host.lower() for host in self.source.allowed_hosts}
        is_usual = _port(url) in (_PORTS[url.scheme], _port(self.base))
        if f"{url.hostname}:{_port(url)}" not in allowed and not (is_usual and url.hostname in allowed):
            raise self.refusal(
                f"the server leads to another one, {place}, which is not asked. If it belongs to the source, add it to "
                f"`allowed_hosts: [{place}]`; it gets no token"
            )

    def _strip(self, request: PreparedRequest) -> None:
        for name in list(request.headers):
            if name.lower() not in _HARMLESS_HEADERS:
                del request.headers[name]
        url, ours = urlsplit(request.url or ""), self._own_parameters()
        kept = [(name, value) for name, value in parse_qsl(url.query, keep_blank_values=True) if name not in ours]
        request.url = url._replace(query=urlencode(kept)).geturl()

    def _own_parameters(self) -> set[str]:
        """The names of the query that the settings give: a key may stand in any of them."""
        endpoint = self.source.resource.get("endpoint")
        endpoint = endpoint if isinstance(endpoint, Mapping) else {}
        auths = [place.get("auth") for place in (self.source.client, endpoint)]
        named = {auth.get("name") for auth in auths if isinstance(auth, Mapping) and auth.get("location") == "query"}
        return {str(name) for name in (*named, *(endpoint.get("params") or {}))}

    @staticmethod
    def _mark(request: PreparedRequest) -> str:
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        return f"{request.method} {request.url} {hashlib.sha256(body).hexdigest()}"


def _port(url: SplitResult) -> int | None:
    return url.port or _PORTS.get(url.scheme)


class _Adapter(HTTPAdapter):
    """Sends what the guard admits, and reads answers within its limits."""

    def __init__(self, guard: Guard, seen: Callable[[Response], None]) -> None:
        self._guard, self._seen = guard, seen
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _watched(HTTPConnectionPool, self._guard),
            "https": _watched(HTTPSConnectionPool, self._guard),
        }

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        guard = self._guard
        guard.admit(request)
        # urllib3 refuses a time limit of zero; what is left may have run out since the guard looked.
        wait = max(0.01, min(_ANSWER_SECONDS, guard.deadline - time.monotonic()))
        try:
            response = super().send(request, *args, **{**kwargs, "stream": True, "timeout": wait})
            response._content = self._body(response)  # noqa: SLF001 - what `Response.content` itself does
        except OSError:
            guard.check_time()  # hung up by us
            raise
        response._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001
        guard.answered(request, response)
        if response.ok and not response.is_redirect:
            self._seen(response)
        return response

    def _body(self, response: Response) -> bytes:
        chunks, size = [], 0
        with response:
            for chunk in response.iter_content(_CHUNK):
                size += len(chunk)
                # `tell` counts what came over the wire, still packed.
                self._guard.check_size(size, response.raw.tell())
                chunks.append(chunk)
        self._guard.bytes += size
        return b"".join(chunks)


def _watched(pool: type[HTTPConnectionPool], guard: Guard) -> type[HTTPConnectionPool]:
    """A pool whose connections the guard can end."""

    class Connection(pool.ConnectionCls):  # type: ignore[name-defined,misc]
        def connect(self) -> None:
            super().connect()
            guard.watch(self.sock)

    class Pool(pool):  # type: ignore[valid-type,misc]
        ConnectionCls = Connection

    return Pool


class Bounded:
    """A session for one load; ended by time, whatever the server does."""

    def __init__(self, source: RestSource, seen: Callable[[Response], None], *, is_paged: bool = True) -> None:
        self.guard = Guard(source, time.monotonic() + source.limits.seconds, is_paged)
        self.guard.base  # noqa: B018 - an address that cannot be used is told before anything is asked
        client = Client(raise_for_status=False, request_max_retry_delay=_LONGEST_PAUSE_SECONDS)
        self.session: Session = client.session
        # dlt copies its settings, and this session belongs to them.
        self.session.__dict__["__deepcopy__"] = lambda _memo: self.session
        for scheme in _PORTS:
            self.session.mount(f"{scheme}://", _Adapter(self.guard, seen))
        self._timer = threading.Timer(source.limits.seconds, self.guard.hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Session:
        self._timer.start()
        return self.session

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self.session.close()
