"""A helpdesk that is told by signed requests: retried where that is safe, honest where nobody can know.

Here: one change as one POST, its retries, what an answer means. Not here: signing (`signature`), which tickets.

The receiver promises (docs/escalation.md): the same Idempotency-Key is answered like the first time without acting
again, and 409 or 412 say that the ticket is not as expected. An attempt is certain when the receiver said something
final or was never reached. Once one was not, only a 2xx is certain: a 409 may then be about our own earlier request.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential_jitter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from resources.answers import Answer, Outcome
from resources.ticket_system.change import Change
from resources.ticket_system.signature import KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

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
class _Attempt:
    """What one request came to; an outcome of None asks for another one."""

    outcome: Outcome | None
    words: str
    is_certain: bool = True
    wait_seconds: float | None = None


@dataclass
class _Doubt:
    """Whether an earlier request may have done something."""

    exists: bool


@dataclass(frozen=True, kw_only=True)
class WebhookSystem:
    """Posts changes to one address.

    Attributes:
        url: The address; never shown, it may hold a secret.
        signing_secret: What both sides know.
        token: A bearer token, or None.
        timeout_seconds: For a connection, and for every wait for bytes of the answer.
        attempts: Requests per change at most.
        backoff_seconds: The first wait; it doubles, and a random part of it is added.
        longest_wait_seconds: Where more would have to be waited, the change is left to a later run.
    """

    url: str = field(repr=False)
    signing_secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = 10
    attempts: int = 4
    backoff_seconds: float = 1
    longest_wait_seconds: float = 30
    kind: str = "webhook"
    acts_outside: bool = True
    can_tell: bool = False

    def apply(self, change: Change) -> Answer:
        """Posts a change until something certain is known, the attempts are used up, or the wait is too long."""
        doubt = _Doubt(change.was_sent)
        body = body_of(change)
        backoff = wait_exponential_jitter(
            multiplier=self.backoff_seconds, max=self.longest_wait_seconds, jitter=self.backoff_seconds
        )
        tries = Retrying(
            retry=retry_if_result(lambda attempt: attempt.outcome is None),
            wait=lambda state: _asked_wait(state) or backoff(state),
            stop=lambda state: (
                state.attempt_number >= self.attempts or state.upcoming_sleep > self.longest_wait_seconds
            ),
            retry_error_callback=_last,
        )
        last: _Attempt = tries(self._post, change.key, body, doubt)
        return self._judged(last, doubt)

    def _judged(self, last: _Attempt, doubt: _Doubt) -> Answer:
        words = self._redacted(last.words)
        if last.outcome is Outcome.DONE:
            return Answer(Outcome.DONE, words)
        asked = None if last.wait_seconds is None else timedelta(seconds=min(last.wait_seconds, _LONGEST_ASKED))
        if doubt.exists:
            return Answer(Outcome.UNKNOWN, f"{words}; an earlier request may have been carried out", asked)
        return Answer(last.outcome or Outcome.NOT_REACHED, words, asked)

    def _post(self, key: str, body: bytes, doubt: _Doubt) -> _Attempt:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "OpsGuard",
            KEY_HEADER: key,
            TIMESTAMP_HEADER: str(timestamp),
            SIGNATURE_HEADER: sign(self.signing_secret, timestamp, body),
        }
        try:
            with requests.Session() as session:
                response = session.post(
                    self.url, data=body, headers=headers, auth=_Bearer(self.token), timeout=self.timeout_seconds,
                    allow_redirects=False, stream=True,
                )  # fmt: skip
                attempt = _meaning(response.status_code, response.headers, _beginning(response))
        except requests.RequestException as error:
            attempt = self._unanswered(error)
        except ValueError:  # its text quotes the header or the address, and with it a secret
            attempt = _Attempt(Outcome.FAILED, _UNSENDABLE)
        doubt.exists = doubt.exists or not attempt.is_certain
        return attempt

    def _unanswered(self, error: requests.RequestException) -> _Attempt:
        """Nothing came back. The error's own text is not repeated: it quotes addresses and headers."""
        host, cause = urlsplit(self.url).hostname, _cause(error)
        if isinstance(error, ValueError):  # an invalid address or header
            return _Attempt(Outcome.FAILED, _UNSENDABLE)
        if _was_never_sent(error):
            return _Attempt(None, f"{host} could not be reached ({cause})")
        return _Attempt(None, f"{host} did not answer ({cause})", is_certain=False)

    def _redacted(self, words: str) -> str:
        for secret in filter(None, (self.token, self.signing_secret, self.url)):
            words = words.replace(secret, "***")
        return words


def body_of(change: Change) -> bytes:
    """The body of a request: JSON in UTF-8, equal for equal changes."""
    document = {
        "type": "escalation",
        "idempotency_key": change.key,
        "ticket_id": change.ticket_id,
        "step": change.step,
        "as_of": change.as_of.astimezone(UTC).isoformat(),
        "expected": {
            "priority": change.expected_priority,
            "assignee_id": change.expected_assignee_id,
            "status": change.expected_status,
            "updated_at": change.expected_updated_at.astimezone(UTC).isoformat(),
        },
        "change": {"priority": change.priority, "assignee_id": change.assignee_id},
        "reason": change.reason,
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class _Bearer(AuthBase):
    """Sends the token; without one sends nothing, not even what a .netrc of this user would add."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _meaning(status: int, headers: Mapping[str, str], said: str) -> _Attempt:
    words = f"HTTP {status}{': ' if said else ''}{said}"
    if 200 <= status < 300:  # noqa: PLR2004 - the class of success (RFC 9110)
        return _Attempt(Outcome.DONE, words)
    if status in _PERSON_WON:
        return _Attempt(Outcome.SUPERSEDED, words)
    if status in _LATER or status >= _SERVER_ERRORS:
        return _Attempt(None, words, is_certain=status in _LATER, wait_seconds=_retry_after(headers.get("Retry-After")))
    if 300 <= status < 400:  # noqa: PLR2004 - redirections
        words += "; redirects are not followed with credentials: write the final address as `url`"
    return _Attempt(Outcome.FAILED, words)


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
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)


def _last(state: RetryCallState) -> _Attempt:
    assert state.outcome is not None  # noqa: S101 - tenacity asks after an attempt only
    attempt: _Attempt = state.outcome.result()
    return attempt


def _asked_wait(state: RetryCallState) -> float:
    return _last(state).wait_seconds or 0.0


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
