"""Slack's client over one connection that stays open from call to call.

Here: the connection. Not here: calls and what their answers make certain (`slack`).

Slack's own client opens a connection for every call, with a new TLS session: two more round trips each. A connection
that the server has closed meanwhile is not used, and none that has rested for long. What fails on a kept connection is
as doubtful as on a new one: the server may have done what it was asked for. Nothing is repeated here.
"""

import http.client
import select
import ssl
import time
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request

from slack_sdk.web import WebClient

# Servers and what stands between close connections that rest; Slack's answers come within seconds of each other.
_LONGEST_REST_SECONDS = 10.0


class KeptClient(WebClient):  # type: ignore[misc]  # untyped
    """Slack's client; `close` ends its connection. Not for several threads at once."""

    _connection: http.client.HTTPConnection | None = None
    _used_at = 0.0

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """The one place at which Slack's client touches the network; through a proxy it goes its own way."""
        if self.proxy is not None:
            through: dict[str, Any] = super()._perform_urllib_http_request_internal(url, req)
            return through
        connection = self._opened(url)
        path = url.split("/", 3)[3]
        try:
            connection.request("POST", f"/{path}", body=req.data, headers=dict(req.header_items()))
            answer = connection.getresponse()
            body = answer.read()
        except BaseException:
            self.close()
            raise
        self._used_at = time.monotonic()
        return {"status": answer.status, "headers": answer.headers, "body": body.decode("utf-8", errors="replace")}

    def _opened(self, url: str) -> http.client.HTTPConnection:
        """A connection that is open.

        Raises:
            URLError: When none can be opened: nothing was sent.
        """
        if self._connection is not None and not _is_usable(self._connection, self._used_at):
            self.close()
        if self._connection is None:
            place = urlsplit(url)
            host, port = place.hostname or "", place.port
            if place.scheme == "https":
                context = self.ssl or ssl.create_default_context()
                opened: http.client.HTTPConnection = http.client.HTTPSConnection(
                    host, port, timeout=self.timeout, context=context
                )
            else:
                opened = http.client.HTTPConnection(host, port, timeout=self.timeout)
            try:
                opened.connect()
            except OSError as error:
                opened.close()
                raise URLError(error) from error
            self._connection = opened
        return self._connection


def _is_usable(connection: http.client.HTTPConnection, used_at: float) -> bool:
    """Whether a kept connection may be used: its rest was short, and the server has said nothing, so not its end."""
    if connection.sock is None or time.monotonic() - used_at > _LONGEST_REST_SECONDS:
        return False
    said, _, _ = select.select([connection.sock], [], [], 0)
    return not said
