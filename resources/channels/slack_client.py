"""Slack's client over one connection that stays open from call to call.

Here: the connection. Not here: calls and what their answers make certain (`slack`).

Slack's own client opens a connection for every call: two more round trips with TLS, and its certificates read anew. A
connection that the server has closed meanwhile is not used, and none that has rested for long. What fails on a kept
connection is as doubtful as on a new one: the server may have done what it was asked for. Nothing is repeated here.
"""

import http.client
import json as as_json
import select
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit

from slack_sdk.web import SlackResponse, WebClient

# Servers and what stands between close connections that rest; Slack's answers come within seconds of each other.
_LONGEST_REST_SECONDS = 10.0
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json;charset=utf-8"
# Words that are none of Slack's, as its own client puts them there.
_NO_ANSWER = {"ok": False, "error": "an unreadable answer"}


class KeptClient(WebClient):  # type: ignore[misc]  # untyped
    """Slack's client; `close` ends its connection. Not for several threads at once."""

    _connection: http.client.HTTPConnection | None = None
    _used_at = 0.0

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def api_call(self, api_method: str, **given: Any) -> SlackResponse:
        """Every method of the client is this call; through a proxy, or with files, it goes Slack's own way.

        Raises:
            SlackApiError: When Slack does not do it.
            URLError: When no connection can be opened: nothing was sent.
            OSError, HTTPException: When the connection breaks: nobody knows.
        """
        values = {name: value for name, value in given.items() if value and name not in {"http_verb", "headers"}}
        if self.proxy is not None or not values.keys() <= {"params", "json"} or len(values) > 1:
            return super().api_call(api_method, **given)
        fields = {name: value for name, value in (values.get("params") or {}).items() if value is not None}
        kind, text = (_JSON, as_json.dumps(values["json"])) if "json" in values else (_FORM, urlencode(_plain(fields)))
        headers = {**self.headers, "Content-Type": kind, "Authorization": f"Bearer {self.token}"}
        url = self.base_url + api_method
        status, answered, body = self._posted(url, text.encode(), {**headers, **(given.get("headers") or {})})
        try:
            said = as_json.loads(body)
        except ValueError:
            said = None
        data = said if isinstance(said, dict) else _NO_ANSWER
        # What was asked for is not kept with the answer: it is nobody's business but Slack's.
        return SlackResponse(
            client=self, http_verb="POST", api_url=url, req_args={}, data=data, headers=answered, status_code=status
        ).validate()

    def _posted(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer."""
        connection = self._opened(url)
        try:
            connection.request("POST", urlsplit(url).path, body=body, headers=dict(headers))
            answer = connection.getresponse()
            read = answer.read()
        except BaseException:
            self.close()
            raise
        self._used_at = time.monotonic()
        return answer.status, dict(answer.headers.items()), read

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


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a form as Slack reads them: truth is 1 or 0."""
    return {name: int(value) if isinstance(value, bool) else value for name, value in fields.items()}


def _is_usable(connection: http.client.HTTPConnection, used_at: float) -> bool:
    """Whether a kept connection may be used: its rest was short, and the server has said nothing, so not its end."""
    if connection.sock is None or time.monotonic() - used_at > _LONGEST_REST_SECONDS:
        return False
    said, _, _ = select.select([connection.sock], [], [], 0)
    return not said
