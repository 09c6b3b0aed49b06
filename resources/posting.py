"""One request to a receiver of signed requests, and what its answer makes certain.

Here: POST, statuses, waits that are asked for, connections that failed. Not here: signatures
(`ticket_system.signature`), bodies, trying again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from resources.answers import Outcome

_PERSON_WON = frozenset({409, 412})
# Refused before anything was done, by the meaning of the codes (RFC 9110, RFC 6585).
_LATER = frozenset({408, 425, 429, 503})
_SERVER_ERRORS = 500
_SHOWN_BYTES = 500
# A receiver may ask for any number of seconds, also for more than a date can hold.
_LONGEST_ASKED = 30 * 86_400
_UNSENDABLE = (
    "the request could not be made: check that `url` and `token` hold no line breaks and no strange characters"
)


@dataclass(frozen=True)
class Attempt:
    """What one request came to.

    Attributes:
        outcome: What the answer says; None asks for another request.
        words: Why, in words for people; the address and secrets are not in them.
        is_certain: Whether nothing happened, or what the answer says.
        wait_seconds: How long the receiver asked to be left alone; None where it asked nothing.
    """

    outcome: Outcome | None
    words: str
    is_certain: bool = True
    wait_seconds: float | None = None

    @property
    def retry_after(self) -> timedelta | None:
        """How long the receiver asked to be left alone."""
        return None if self.wait_seconds is None else timedelta(seconds=self.wait_seconds)


def post(url: str, body: bytes, headers: Mapping[str, str], token: str | None, timeout_seconds: float) -> Attempt:
    """Posts a body once. Redirects are not followed: credentials would go elsewhere."""
    try:
        with requests.Session() as session:
            response = session.post(
                url, data=body, headers=dict(headers), auth=_Bearer(token), timeout=timeout_seconds,
                allow_redirects=False, stream=True,
            )  # fmt: skip
            return _meaning(response.status_code, response.headers, _beginning(response))
    except requests.RequestException as error:
        return _unanswered(url, error)
    except ValueError:  # its text quotes the header or the address, and with it a secret
        return Attempt(Outcome.FAILED, _UNSENDABLE)


def retry_after_of(value: str | None) -> timedelta | None:
    """The wait that a header Retry-After asks for, at most 30 days; None where it asks nothing sensible."""
    seconds = _retry_after(value)
    return None if seconds is None else timedelta(seconds=seconds)


class _Bearer(AuthBase):
    """Sends the token; without one sends nothing, not even what a .netrc of this user would add."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _meaning(status: int, headers: Mapping[str, str], said: str) -> Attempt:
    words = f"HTTP {status}{': ' if said else ''}{said}"
    if 200 <= status < 300:  # noqa: PLR2004 - the class of success (RFC 9110)
        return Attempt(Outcome.DONE, words)
    if status in _PERSON_WON:
        return Attempt(Outcome.SUPERSEDED, words)
    if status in _LATER or status >= _SERVER_ERRORS:
        return Attempt(None, words, is_certain=status in _LATER, wait_seconds=_retry_after(headers.get("Retry-After")))
    if 300 <= status < 400:  # noqa: PLR2004 - redirections
        words += "; redirects are not followed with credentials: write the final address as `url`"
    return Attempt(Outcome.FAILED, words)


def _beginning(response: requests.Response) -> str:
    """The first bytes of an answer for people. The status counts, whether or not its text arrives."""
    try:
        said = response.raw.read(_SHOWN_BYTES, decode_content=True)
    except (HTTPError, OSError, ValueError):
        return "(the text of the answer was cut off)"
    return " ".join(said.decode("utf-8", errors="replace").split())


def _retry_after(value: str | None) -> float | None:
    """Seconds that a receiver asks to wait, given as a number or a date; None where it asks nothing sensible."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return min(float(value), _LONGEST_ASKED)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_ASKED)


def _unanswered(url: str, error: requests.RequestException) -> Attempt:
    """Nothing came back. The error's own text is not repeated: it quotes addresses and headers."""
    if isinstance(error, ValueError):  # an invalid address or header
        return Attempt(Outcome.FAILED, _UNSENDABLE)
    host, cause = urlsplit(url).hostname, _cause(error)
    if _was_never_sent(error):
        return Attempt(None, f"{host} could not be reached ({cause})")
    return Attempt(None, f"{host} did not answer ({cause})", is_certain=False)


def _was_never_sent(error: requests.RequestException) -> bool:
    """Whether no byte of the request can have reached the receiver."""
    if isinstance(
        error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError
    ):
        return True
    inner = error.args[0] if error.args else None
    return isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)


def _cause(error: BaseException) -> str:
    """What the operating system said, or else the kind of the error."""
    kind = type(error).__name__
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return kind
